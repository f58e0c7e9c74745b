import Foundation
import Synchronization

/// How much one client may ask for: buckets of tokens that fill with time, in memory, forgotten when they are full again.
final class Limits: Sendable {
  /// What is limited.
  enum Kind: Hashable, Sendable {
    /// Any request.
    case request
    /// A new respondent.
    case start
    /// A wrong password.
    case login
  }

  /// Tokens a second, and how many a bucket holds.
  struct Rate: Sendable {
    var perSecond: Double
    var burst: Double
  }

  private struct Key: Hashable {
    let client: String
    let kind: Kind
  }
  private struct Bucket {
    var tokens: Double
    var filled: Double
  }

  private let rates: [Kind: Rate]
  private let buckets = Mutex<[Key: Bucket]>([:])
  /// Clients that are remembered at most; beyond, those with the fullest buckets are forgotten.
  private let capacity: Int

  init(_ rates: [Kind: Rate], capacity: Int = 20_000) { (self.rates, self.capacity) = (rates, capacity) }

  /// Takes a token; false where there is none left.
  func take(_ kind: Kind, _ client: String, now: Double = Date().timeIntervalSince1970) -> Bool {
    guard let rate = rates[kind] else { return true }
    return buckets.withLock { buckets in
      if buckets.count >= capacity { Self.forget(&buckets, rates, capacity, now) }
      let key = Key(client: client, kind: kind)
      let level = buckets[key].map { Self.level($0, rate, now) } ?? rate.burst
      buckets[key] = Bucket(tokens: level >= 1 ? level - 1 : level, filled: now)
      return level >= 1
    }
  }

  private static func level(_ bucket: Bucket, _ rate: Rate, _ now: Double) -> Double {
    min(rate.burst, bucket.tokens + max(0, now - bucket.filled) * rate.perSecond)
  }

  private static func forget(
    _ buckets: inout [Key: Bucket], _ rates: [Kind: Rate], _ capacity: Int, _ now: Double
  ) {
    let missing = buckets.map { key, bucket in
      (key, rates[key.kind].map { $0.burst - level(bucket, $0, now) } ?? 0)
    }.sorted { $0.1 < $1.1 }
    for (key, lack) in missing where lack <= 0 || buckets.count > capacity / 2 { buckets[key] = nil }
  }
}
