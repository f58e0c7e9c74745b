#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif

/// What is said of a video, an image or a clip.
public enum Verdict: String, Sendable, Codable, CaseIterable {
  /// Its most fake judged face has a logit above 0.
  case fake
  /// No judged face has a logit above 0.
  case real
  /// No face was found in any of the sampled frames.
  case noFace = "no-face"
  /// Faces were found, but none in enough frames to be judged.
  case undecided
}

/// A detector's opinion as one number, and the two others that follow from it.
///
/// The logit of a clip is the mean of its frames' logits; the logit of a video is that of its most fake
/// judged face.
public struct Opinion: Sendable, Equatable {
  /// Above 0 for fake.
  public var logit: Float

  /// An opinion from its logit.
  public init(logit: Float) { self.logit = logit }

  /// The mean of frame logits; nil where there is none.
  public init?(meanOf logits: [Float]) {
    guard !logits.isEmpty else { return nil }
    self.init(logit: Float(logits.reduce(0) { $0 + Double($1) } / Double(logits.count)))
  }

  /// The probability of fake, σ(logit), in [0, 1].
  public var probability: Double { 1 / (1 + exp(-Double(logit))) }

  /// 2 · probability − 1, in [−1, 1]: real −1, fake +1.
  public var score: Double { tanh(Double(logit) / 2) }

  /// `fake` for a logit above 0, else `real`.
  public var verdict: Verdict { logit > 0 ? .fake : .real }
}
