import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

private typealias Toys = BlackBoxToys

@Suite("Words")
struct WordsTests {
  /// Six frames, half a second apart, of a grey face seen from the front: eyes 20 pixels apart, mouth 22 below.
  private static let clip: Clip = {
    let points = [(40.0, 40.0), (60, 40), (50, 53), (50, 62), (28, 43), (72, 43)].map {
      Point(x: $0.0, y: $0.1)
    }
    let face = Face(box: Box(x: 25, y: 20, width: 50, height: 55), confidence: 1, keypoints: points)
    let frames = (0..<6).map {
      Clip.Frame(
        index: $0 * 12, time: Double($0) / 2, face: face, region: Box(x: 0, y: 0, width: 100, height: 100))
    }
    var generator = SplitMix(seed: 8)
    let crops = frames.map { _ in
      RGBImage(width: 50, height: 50, pixels: (0..<7500).map { _ in UInt8(generator.next() >> 56) })
    }
    return Clip(frames: frames, crops: crops)
  }()

  /// 1 on `region` in `frames`, `rest` elsewhere.
  private func map(
    _ region: FaceRegion, in frames: Range<Int> = 0..<6, rest: Float = 0, target: Target = .fake
  ) throws -> ExplanationMap {
    let named = try FaceSegments(framesPerSegment: 1).named(of: Self.clip)
    let values = named.supervoxels.labels.enumerated().map { i, label -> Float in
      named.regions[Int(label)] == region && frames.contains(i / 2500) ? 1 : rest
    }
    return ExplanationMap(
      explainer: "hand", model: "toy", target: target, kind: .signed,
      values: Tensor(shape: [6, 50, 50], values.map { $0 * target.sign }), size: 50,
      cost: .init(framePasses: 0, seconds: 0))
  }

  /// A detector whose logit is `slope` times the contrast of what is on `region`, and −1.
  private func detector(_ region: FaceRegion, slope: Float = 40) throws -> Toys.Classifier {
    let named = try FaceSegments().named(of: Self.clip)
    let pixels = (0..<2500).filter { named.regions[Int(named.supervoxels.labels[$0])] == region }
    return Toys.Classifier { crops in
      let values = crops.elements
      return (0..<crops.shape[0]).map { n in
        let seen = pixels.map { values[n * 7500 + $0] }
        let mean = seen.reduce(0, +) / Float(seen.count)
        return slope * seen.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(seen.count) - 1
      }
    }
  }

  private func find(_ map: ExplanationMap, _ toy: Toys.Classifier) throws -> Finding {
    try FindingSearch().find(MetricSubject(map, clip: Self.clip, classifier: toy))
  }

  private func sentence(_ finding: Finding, target: Target = .fake, kind: ExplanationMap.Kind = .signed)
    -> String
  {
    Sentences().sentence(finding, method: "GradCAM", kind: kind, target: target)
  }

  @Test("what the map names and the detector needs is confirmed, with the numbers of the check")
  func confirmed() throws {
    let finding = try find(map(.mouth), detector(.mouth))
    guard case .concentrated(let place, let check) = finding else {
      Issue.record("\(finding)")
      return
    }
    #expect(place.regions == [.mouth] && place.isWholeClip && place.share == 1 && place.areaShare < 0.2)
    #expect(check.isConfirmed && check.logit > 1 && check.logitWithout < 0 && check.controls.count == 3)
    for control in check.controls { #expect(abs(control - check.logit) < 1e-5) }
    let text = sentence(finding)
    #expect(
      text.hasPrefix(
        "The detector relied on the mouth (GradCAM: 100 % of the evidence for “fake”); with the mouth blurred, "
      ))
    #expect(text.contains("from \(Phrasebook.english.number(1 / (1 + exp(-check.logit)))) to "))
  }

  @Test("what the map names and the detector does not need is not confirmed")
  func unconfirmed() throws {
    for toy in [try detector(.nose), Toys.Classifier { .init(repeating: 1, count: $0.shape[0]) }] {
      let finding = try find(map(.mouth), toy)
      guard case .concentrated(_, let check) = finding else {
        Issue.record("\(finding)")
        continue
      }
      #expect(!check.isConfirmed)
      #expect(sentence(finding).contains("not confirmed"))
    }
  }

  @Test("the check says which way it failed, and with which number")
  func outcomes() {
    func check(_ without: Double, _ controls: [Double], _ target: Target = .fake) -> Finding.Check {
      Finding.Check(
        replacement: .blur(), logit: target == .fake ? 2 : -2, logitWithout: without, controls: controls,
        target: target)
    }
    #expect(check(1, [1.5, 1.8, 2.2]).outcome == .confirmed)
    #expect(check(2.1, [2, 2, 2]).outcome == .opposite)
    #expect(check(1.7, [2, 2, 2]).outcome == .little)
    #expect(check(1, [1.5, 0.5, 2]).outcome == .elsewhere)
    #expect(check(1, [1.5, 0.5, 2]).strongestControl == 0.5)
    // A logit of 8 that falls to 6 is a probability that stays above 0.99.
    let sure = Finding.Check(
      replacement: .blur(), logit: 8, logitWithout: 6, controls: [8, 8, 8], target: .fake)
    #expect(sure.outcome == .little)
    #expect(check(-1, [-1.5, -1.8, -2.2], .real).outcome == .confirmed)
    #expect(check(-1, [-1.5, -0.5, -2], .real).outcome == .elsewhere)
    let place = Finding.Place(
      regions: [.mouth], frames: 0..<2, isWholeClip: true, times: nil, share: 0.5, areaShare: 0.1)
    let texts = [check(2.1, [2]), check(1.7, [2]), check(1, [0.5])].map {
      Sentences().sentence(.concentrated(place, $0), method: "M", kind: .signed, target: .fake)
    }
    #expect(Set(texts).count == 3 && texts.allSatisfy { $0.contains("not confirmed") })
    #expect(texts[2].contains("goes to 0.62"))
  }

  @Test("for real, the probability of fake goes up where the check holds")
  func real() throws {
    let toy = try detector(.nose, slope: -40)
    let finding = try find(map(.nose, target: .real), toy)
    guard case .concentrated(_, let check) = finding else {
      Issue.record("\(finding)")
      return
    }
    #expect(check.isConfirmed && check.logitWithout > check.logit)
    #expect(sentence(finding, target: .real).contains("evidence for “real”"))
  }

  @Test("attention is checked for what its own network says, whatever class is explained")
  func attention() throws {
    // A network that says real, and less so without the nose: asked why fake, as another detector says so.
    let toy = try detector(.nose, slope: -40)
    var map = try map(.nose)
    map = ExplanationMap(
      explainer: "hand", model: "toy", target: .fake, kind: .attention, values: map.values, size: 50,
      cost: .init(framePasses: 0, seconds: 0))
    guard case .concentrated(_, let check) = try find(map, toy) else {
      Issue.record("not concentrated")
      return
    }
    #expect(check.target == .real && check.isConfirmed)
    let text = Sentences().sentence(
      .concentrated(
        .init(
          regions: [.nose], frames: 0..<6, isWholeClip: true, times: nil, share: 1, areaShare: 0.1), check),
      method: "LTPA", kind: .attention, target: .fake, isOfAnother: true)
    #expect(text.hasPrefix("The detector relied on the nose (LTPA: 100 % of the attention)"))
    #expect(text.hasSuffix(" This map is of another detector than the verdict."))
  }

  @Test("evidence in a part of the clip is given its time, else none is named")
  func time() throws {
    let finding = try find(map(.mouth, in: 2..<4), detector(.mouth))
    guard case .concentrated(let place, let check) = finding else {
      Issue.record("\(finding)")
      return
    }
    #expect(place.frames == 2..<4 && place.times == 1...2 && !place.isWholeClip)
    #expect(sentence(finding).hasPrefix("Between 0:01 and 0:02 the detector relied on the mouth"))
    // Only these frames were changed.
    let whole = try find(map(.mouth), detector(.mouth))
    guard case .concentrated(_, let other) = whole else { return }
    #expect(check.fall < 0.5 * other.fall)
  }

  @Test("both sides are named together, one by itself where it is alone")
  func sides() throws {
    let (left, right) = (try map(.leftEye), try map(.rightEye))
    var both = left
    both.values = left.values + right.values
    func regions(_ map: ExplanationMap) throws -> [FaceRegion] {
      guard case .concentrated(let place, _) = try find(map, detector(.leftEye)) else { return [] }
      return place.regions
    }
    #expect(try regions(both) == [.rightEye, .leftEye] && regions(left) == [.leftEye])
  }

  @Test("an even map is diffuse, an empty one says nothing")
  func diffuse() throws {
    let toy = try detector(.mouth)
    let even = try find(map(.mouth, rest: 1), toy)
    guard case .diffuse = even else {
      Issue.record("\(even)")
      return
    }
    #expect(sentence(even).contains("spread over the picture"))
    let empty = try find(map(.mouth, in: 0..<0), toy)
    #expect(empty == .empty && sentence(empty) == "GradCAM: nothing speaks for “fake”.")
  }

  @Test("a table's shares add up to 1, by relevance and by area")
  func table() throws {
    let table = try RegionTable(map(.nose, rest: 0.25).relevance(), clip: Self.clip)
    for span in [0..<6, 2..<3] {
      let shares = FaceRegion.allCases.compactMap { table.share(of: [$0], in: span) }
      #expect(abs(shares.reduce(0, +) - 1) < 1e-9 && shares.count == 12)
      #expect(abs(FaceRegion.allCases.reduce(0) { $0 + table.areaShare(of: [$1], in: span) } - 1) < 1e-9)
    }
  }

  @Test("a phrasebook has every phrase and every part, and no place that nothing fills")
  func phrasebook() {
    let book = Phrasebook.english
    #expect(Set(book.phrases.keys) == Set(Phrasebook.Phrase.allCases))
    #expect(Set(book.regions.keys) == Set(FaceRegion.allCases) && Set(book.regions.values).count == 12)
    let places: Set<String> = [
      "probability", "method", "class", "evidence", "region", "share", "area", "when", "without", "before",
      "after", "control",
      "from", "to",
    ]
    for text in book.phrases.values {
      for part in text.split(separator: "{").dropFirst(text.hasPrefix("{") ? 0 : 1) {
        #expect(places.contains(String(part.prefix { $0 != "}" })), "\(text)")
      }
    }
  }

  @Test("another language is another phrasebook")
  func translation() throws {
    var book = Phrasebook.english
    book.language = "de"
    book.decimalSeparator = ","
    book.phrases[.surelyFake] = "Das Gesicht ist gefälscht ({probability})."
    #expect(Sentences(book).opinion(probability: 0.974) == "Das Gesicht ist gefälscht (0,97).")
  }

  @Test("confidence follows the probability")
  func opinions() {
    let texts = [0.99, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01].map { Sentences().opinion(probability: $0) }
    #expect(Set(texts).count == 7)
    #expect(texts[0].contains("very sure") && texts[0].contains("fake") && texts[3].contains("cannot tell"))
    #expect(texts[6].contains("very sure that this face is real"))
  }
}
