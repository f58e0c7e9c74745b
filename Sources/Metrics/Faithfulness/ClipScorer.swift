import Detector
import Explainers
import FaceCrop
import Synchronization
import Tensor

/// What the detector says of a clip of which parts are taken away. What was asked before is remembered.
///
/// Where the detector scores frame by frame, a frame from which the same is taken away is asked about once, whatever
/// happens to the others, and frames of many changed clips go through the network together.
struct ClipScorer {
  /// What is taken away from each frame of the clip; T of them.
  typealias Change = [Removal]

  let clip: Clip
  /// Side²: pixels of a frame.
  let area: Int
  private let perturbed: PerturbedClip
  private let replacement: Replacement
  private let cache: AnswerCache

  init(_ subject: MetricSubject, replacement: Replacement, metric: String) throws {
    let (clip, classifier) = try subject.material(for: metric)
    self.clip = clip
    self.replacement = replacement
    area = clip.size * clip.size
    perturbed = try PerturbedClip(clip, replacement: replacement, classifier: classifier, method: metric)
    cache = subject.answers
  }

  /// The clip as it is.
  var untouched: Change { [Removal](repeating: Removal(area: area), count: clip.frames.count) }

  /// The clip's logit after each of `changes`.
  func logits(_ changes: [Change], report: (Double) throws -> Void = { _ in }) throws -> [Double] {
    perturbed.isFrameWise ? try byFrame(changes, report) : try asWhole(changes, report)
  }

  private func byFrame(_ changes: [Change], _ report: (Double) throws -> Void) throws -> [Double] {
    var wanted: [AnswerCache.Question] = []
    var places: [AnswerCache.Question: Int] = [:]
    for t in clip.frames.indices {
      for change in changes {
        let question = AnswerCache.Question(replacement: replacement, frame: t, removals: [change[t]])
        if cache[question] == nil, places.updateValue(wanted.count, forKey: question) == nil {
          wanted.append(question)
        }
      }
    }
    var perturbed = perturbed
    let answers = try perturbed.logits(
      wanted.count, frame: { wanted[$0].frame }, report: { try report(Double($0) / Double(wanted.count)) },
      write: { n, planes, out in Self.write(wanted[n].removals[0], planes, out) })
    for (question, answer) in zip(wanted, answers) { cache[question] = Double(answer) }
    try report(1)
    return changes.map { change in
      let sum = change.enumerated().reduce(0.0) { sum, part in
        sum + cache[.init(replacement: replacement, frame: part.offset, removals: [part.element])]!
      }
      return sum / Double(clip.frames.count)
    }
  }

  private func asWhole(_ changes: [Change], _ report: (Double) throws -> Void) throws -> [Double] {
    let count = clip.frames.count
    var wanted: [AnswerCache.Question] = []
    for change in changes {
      let question = AnswerCache.Question(replacement: replacement, frame: 0, removals: change)
      if cache[question] == nil, !wanted.contains(question) { wanted.append(question) }
    }
    var perturbed = perturbed
    let answers = try perturbed.logits(
      wanted.count * count, frame: { $0 % count },
      report: { try report(Double($0) / Double(wanted.count * count)) },
      write: { n, planes, out in Self.write(wanted[n / count].removals[n % count], planes, out) })
    for (i, question) in wanted.enumerated() {
      cache[question] = Correlation.mean(answers[(i * count)..<((i + 1) * count)].map(Double.init))
    }
    try report(1)
    return changes.map { cache[.init(replacement: replacement, frame: 0, removals: $0)]! }
  }

  private static func write(
    _ removal: Removal, _ planes: PerturbedClip.Planes, _ out: UnsafeMutablePointer<Float>
  ) {
    out.update(from: planes.crop, count: 3 * planes.area)
    removal.forEach { pixel in
      for channel in 0..<3 {
        out[channel * planes.area + pixel] = planes.away[channel * planes.area + pixel]
      }
    }
  }
}

/// Answers of a detector about one clip.
final class AnswerCache: Sendable {
  struct Question: Hashable {
    var replacement: Replacement
    var frame: Int
    var removals: [Removal]
  }

  private let answers = Mutex<[Question: Double]>([:])

  subscript(question: Question) -> Double? {
    get { answers.withLock { $0[question] } }
    set { answers.withLock { $0[question] = newValue } }
  }
}
