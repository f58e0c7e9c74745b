import Foundation

/// What a run writes down as it goes, one JSON object a line, in `log.jsonl`.
public enum TrainingEvent: Sendable, Equatable {
  /// Means over the last steps.
  case steps(Steps)
  /// What the averaged weights do on *select*.
  case look(Look)

  /// Of the steps since the line before.
  public struct Steps: Sendable, Equatable, Codable {
    /// Steps done so far.
    public var step: Int
    /// The stage, from 0.
    public var stage: Int
    /// Side of the pictures.
    public var size: Int
    /// Mean loss.
    public var loss: Double
    /// Mean length of the gradients before they were cut.
    public var gradientNorm: Double
    /// The rate of the last step.
    public var rate: Double
    /// Seconds of computing so far, over all sittings.
    public var seconds: Double
  }

  /// Of the averaged weights.
  public struct Look: Sendable, Equatable, Codable {
    /// Steps done so far.
    public var step: Int
    /// The stage, from 0.
    public var stage: Int
    /// Side of the pictures.
    public var size: Int
    /// Crops judged.
    public var crops: Int
    /// Balanced accuracy at logit 0.
    public var balancedAccuracy: Double
    /// Area under the ROC curve.
    public var areaUnderROC: Double
    /// Mean cross-entropy.
    public var logLoss: Double
    /// Whether these weights are the best so far.
    public var isBest: Bool
    /// Seconds of computing so far, over all sittings.
    public var seconds: Double
  }
}

extension TrainingEvent: Codable {
  private enum Key: String, CodingKey { case event }
  private enum Kind: String, Codable { case steps, look }

  /// Reads an event.
  public init(from decoder: any Decoder) throws {
    switch try decoder.container(keyedBy: Key.self).decode(Kind.self, forKey: .event) {
    case .steps: self = .steps(try Steps(from: decoder))
    case .look: self = .look(try Look(from: decoder))
    }
  }

  /// Writes the event.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    switch self {
    case .steps(let steps):
      try values.encode(Kind.steps, forKey: .event)
      try steps.encode(to: encoder)
    case .look(let look):
      try values.encode(Kind.look, forKey: .event)
      try look.encode(to: encoder)
    }
  }
}

/// The log's file. Lines behind the last checkpoint are dropped when a run goes on: it writes them again.
struct TrainingLog: ~Copyable {
  private let handle: FileHandle
  private let path: String
  private(set) var bytes: Int

  /// Opens the log and keeps its first `bytes` bytes.
  init(_ path: String, keeping bytes: Int) throws(TrainingError) {
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    guard let handle = FileHandle(forUpdatingAtPath: path) else {
      throw TrainingError(.file, "cannot be written", path: path)
    }
    do {
      try handle.truncate(atOffset: UInt64(bytes))
      try handle.seek(toOffset: UInt64(bytes))
    } catch {
      throw TrainingError(.file, "cannot be written", path: path)
    }
    (self.handle, self.path, self.bytes) = (handle, path, bytes)
  }

  mutating func add(_ event: TrainingEvent) throws(TrainingError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      let line = try encoder.encode(event) + Data("\n".utf8)
      try handle.write(contentsOf: line)
      bytes += line.count
    } catch {
      throw TrainingError(.file, "cannot be written: the disk may be full", path: path)
    }
  }

  /// The events of a log, as far as its lines are whole.
  static func read(_ path: String) -> [TrainingEvent] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(TrainingEvent.self, from: $0)
    }
  }
}
