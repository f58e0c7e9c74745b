import Detector
import Explainers
import FaceCrop
import Foundation
import Synchronization
import Tensor
import Testing
import VideoIO
import WhyFake

/// Logit of a crop: its mean red, minus one half, times eight.
private struct RedDetector: Classifier {
  let info = ModelInfo(name: "red", architecture: "none", inputSize: 16, cropPolicy: .tight)

  func logits(_ crops: Tensor) throws -> Tensor {
    let (count, area) = (crops.shape[0], 16 * 16)
    let values = crops.elements
    return Tensor(
      shape: [count],
      (0..<count).map { n in
        let red = values[n * 3 * area..<n * 3 * area + area]
        return (red.reduce(0, +) / Float(area) - 0.5) * 8
      })
  }
}

/// Finds the bright squares of 40 pixels at the left and at the right of a picture of 160×80.
private struct SquareDetector: FaceDetector {
  func faces(in image: RGBImage) throws -> [Face] {
    [20, 100].filter { image[$0 + 20, 40].green > 128 }.map {
      Face(box: Box(x: Double($0), y: 20, width: 40, height: 40), confidence: 0.9)
    }
  }
}

/// Remembers how many frames it was shown together.
private final class CountingDetector: FaceDetector {
  let batches = Mutex<[Int]>([])

  func faces(in image: RGBImage) throws -> [Face] { try SquareDetector().faces(in: image) }

  func faces(in images: [RGBImage]) throws -> [[Face]] {
    batches.withLock { $0.append(images.count) }
    return try images.map { try faces(in: $0) }
  }
}

/// Remembers the classes that it was asked for.
private final class Recorder: Explainer {
  let name = "recorder"
  let targets = Mutex<[Target]>([])

  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap {
    targets.withLock { $0.append(target) }
    try context.report(1)
    return ExplanationMap(
      explainer: name, model: "toy", target: target,
      values: Tensor(shape: [clip.frames.count, 1, 1], repeating: 1),
      size: clip.size, cost: .init(framePasses: 0, seconds: 0))
  }
}

@Suite("Analyzer")
struct AnalyzerTests {
  private let analyzer = Analyzer(detector: RedDetector(), faceDetector: SquareDetector())
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A video whose frames have squares with the given red at the left and at the right; nil for none.
  private func video(_ frames: [(left: UInt8?, right: UInt8?)]) throws -> String {
    let images = frames.map { frame in
      var image = RGBImage(width: 160, height: 80)
      for (x, red) in [(20, frame.left), (100, frame.right)] {
        guard let red else { continue }
        for dy in 0..<40 { for dx in 0..<40 { image[x + dx, 20 + dy] = (red, 200, 128) } }
      }
      return image
    }
    let path = scratch.path("squares.mp4")
    try writeVideo(images, to: path)
    return path
  }

  @Test("the verdict is that of the most fake judged face, and a face seen too rarely does not count")
  func verdicts() throws {
    let path = try video((0..<8).map { (60, $0 < 2 ? 250 : nil) })
    let real = try analyzer.analyze(path)
    #expect(real.verdict == .real)
    #expect(real.tracks.map(\.judged) == [true, false])
    #expect(real.decidingTrack?.number == 0)
    let both = try analyzer.analyze(video((0..<8).map { _ in (60, 250) }))
    #expect(both.verdict == .fake)
    #expect(both.tracks.allSatisfy { $0.judged })
    let opinion = try #require(both.opinion)
    #expect(opinion.logit == both.tracks.map(\.opinion.logit).max())
    #expect(abs(opinion.score - (2 * opinion.probability - 1)) < 1e-12)
  }

  @Test("without any face the verdict is no-face, with two sightings in eight frames it is undecided")
  func nothingToJudge() throws {
    let empty = try analyzer.analyze(video((0..<8).map { _ in (nil, nil) }))
    #expect(empty.verdict == .noFace)
    #expect(empty.opinion == nil)
    let rare = try analyzer.analyze(video((0..<8).map { ($0 < 2 ? 250 : nil, nil) }))
    #expect(rare.verdict == .undecided)
    #expect(rare.tracks.count == 1)
    #expect(rare.opinion == nil)
  }

  @Test("crops at hand are analysed as a clip of them is, with the paired ones beside them")
  func crops() throws {
    func crop(_ red: UInt8) -> RGBImage { RGBImage(width: 40, height: 40, red: red, green: 200, blue: 128) }
    let (crops, paired) = ([crop(60), crop(250)], [crop(10), crop(20)])
    for (name, images) in [("clip.npy", crops), ("paired.npy", paired)] {
      try ByteArray(shape: [2, 40, 40, 3], images.flatMap(\.pixels)).writeNPY(to: scratch.path(name))
    }
    var options = AnalysisOptions.detect
    options.paired = scratch.path("paired.npy")
    let file = try analyzer.analyze(scratch.path("clip.npy"), options: options)
    let own = try analyzer.analyze(crops: crops, paired: paired, name: "own")
    #expect(own.verdict == file.verdict && own.input.kind == .clip && own.input.path == "own")
    #expect(own.tracks.map(\.logits) == file.tracks.map(\.logits))
    #expect(own.tracks[0].clip.crops == file.tracks[0].clip.crops)
    #expect(own.tracks[0].clip.paired == file.tracks[0].clip.paired && own.tracks[0].clip.paired != nil)
    let small = RGBImage(width: 20, height: 20)
    for (crops, paired) in [([], nil), ([small, crop(1)], nil), ([crop(1)], [small]), ([crop(1)], [])]
      as [([RGBImage], [RGBImage]?)]
    {
      #expect(throws: AnalysisError.self) { try analyzer.analyze(crops: crops, paired: paired, name: "own") }
    }
  }

  @Test("each judged face is explained for what the model says of it, unless a class is asked for")
  func targets() throws {
    let path = try video((0..<3).map { _ in (60, 250) })
    let recorder = Recorder()
    let predicted = try analyzer.analyze(path, options: .explain([recorder]))
    let expected = predicted.tracks.map { Target(predictedBy: $0.opinion.logit) }
    #expect(recorder.targets.withLock { $0 } == expected)
    #expect(Set(expected).count == 2)
    _ = try analyzer.analyze(path, options: .explain([recorder], target: .real))
    #expect(recorder.targets.withLock { $0.suffix(2) } == [.real, .real])
  }

  @Test("frames are looked at by eights, by fewer where they are large, and the tracks are the same")
  func batches() throws {
    var options = AnalysisOptions.detect
    options.frames = 19
    let path = try video((0..<19).map { (60, $0 % 2 == 0 ? 250 : nil) })
    let counting = CountingDetector()
    let together = try Analyzer(detector: RedDetector(), faceDetector: counting)
      .analyze(path, options: options)
    #expect(counting.batches.withLock { $0 } == [8, 8, 3])
    #expect(together.frames.map(\.index) == Array(0..<19))
    #expect(together.tracks.map(\.clip.frames.count) == [19, 10])
    #expect(together.tracks[1].clip.frames.map(\.index) == Array(stride(from: 0, to: 19, by: 2)))

    // Of 25 MB each.
    let large = scratch.path("large.mp4")
    try writeVideo([RGBImage](repeating: RGBImage(width: 3840, height: 2160), count: 5), to: large)
    let few = CountingDetector()
    _ = try Analyzer(detector: RedDetector(), faceDetector: few).analyze(large, options: options)
    #expect(few.batches.withLock { $0 } == [2, 2, 1])
  }

  @Test(
    "GradCAM of the model that decides scores in the same pass: the same logits, map and verdict as one after the other"
  )
  func scoringExplainer() throws {
    let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
    let analyzer = try Analyzer(detector: detector)
    let path = sample("sample-fake")
    // Loaded anew it may be another model: it is asked by itself.
    let other = GradCAM(try DeepfakeDetector(named: ModelZoo.defaultModel))
    let alone = try analyzer.analyze(path, options: .explain([other]))
    let together = try analyzer.analyze(path, options: .explain([GradCAM(detector)]))
    #expect(alone.timings.contains { $0.stage == .scoring })
    #expect(!together.timings.contains { $0.stage == .scoring })
    #expect(together.verdict == alone.verdict)
    for (a, b) in zip(alone.tracks, together.tracks) {
      // Pooling in the engine and by tensor operations round differently.
      for (x, y) in zip(a.logits, b.logits) { #expect(abs(x - y) <= 1e-5 * max(1, abs(x))) }
      #expect(a.explanations.map(\.map.values) == b.explanations.map(\.map.values))
      #expect(a.explanations.map(\.map.target) == b.explanations.map(\.map.target))
    }
  }

  @Test("thumbnails are no wider than asked for, and none are kept unless asked for")
  func thumbnails() throws {
    let path = try video((0..<2).map { _ in (60, 250) })
    var options = AnalysisOptions.detect
    #expect(try analyzer.analyze(path, options: options).frames.allSatisfy { $0.thumbnail == nil })
    options.thumbnailWidth = 80
    let frames = try analyzer.analyze(path, options: options).frames
    #expect(frames.allSatisfy { $0.thumbnail?.width == 80 && $0.thumbnail?.height == 40 })
  }

  @Test(
    "a paired original gives the same places of the same frames; frames past its end are left out, with a note"
  )
  func paired() throws {
    let path = try video((0..<8).map { _ in (60, 250) })
    // The original is shorter, and its squares are of another red.
    let original = scratch.path("original.mp4")
    try FileManager.default.copyItem(atPath: video((0..<5).map { _ in (200, 30) }), toPath: original)
    _ = try video((0..<8).map { _ in (60, 250) })
    var options = AnalysisOptions.explain([])
    options.paired = original
    let analysis = try analyzer.analyze(path, options: options)
    #expect(analysis.frames.map(\.index) == Array(0..<5))
    #expect(
      analysis.notes.count == 1 && analysis.notes[0].hasPrefix("3 of 8 sampled frames are past the end"))
    for (track, red) in zip(analysis.tracks.sorted { $0.opinion.logit < $1.opinion.logit }, [200, 30]) {
      let crops = try #require(track.clip.paired)
      #expect(crops.count == 5)
      #expect(crops.allSatisfy { abs(Int($0[8, 8].red) - red) < 12 })
    }
    var picture = RGBImage(width: 100, height: 80)
    picture[0, 0] = (1, 1, 1)
    let other = scratch.path("other.png")
    try ImageFile.write(picture, to: other)
    options.paired = other
    #expect(throws: AnalysisError.self) { try analyzer.analyze(path, options: options) }
  }

  @Test("an original may have a few columns more at both sides")
  func widerOriginal() throws {
    var fake = RGBImage(width: 160, height: 80)
    var original = RGBImage(width: 168, height: 80)
    for dy in 0..<40 {
      for dx in 0..<40 {
        fake[20 + dx, 20 + dy] = (60, 200, 128)
        original[24 + dx, 20 + dy] = (UInt8(5 * dx), 200, 128)
      }
    }
    try ImageFile.write(fake, to: scratch.path("fake.png"))
    try ImageFile.write(original, to: scratch.path("wider.png"))
    var options = AnalysisOptions.detect
    options.paired = scratch.path("wider.png")
    let paired = try #require(
      try analyzer.analyze(scratch.path("fake.png"), options: options).tracks[0].clip.paired)
    let expected = original.cropped(x: 24, y: 20, width: 40, height: 40).resized(width: 16, height: 16)
    #expect(paired == [expected])
  }

  @Test("progress rises stage by stage, and cancellation ends the work")
  func progress() throws {
    let path = try video((0..<6).map { _ in (60, 250) })
    let seen = Mutex<[Analysis.Progress]>([])
    let context = AnalysisContext { progress in seen.withLock { $0.append(progress) } }
    _ = try analyzer.analyze(path, options: .explain([Recorder()]), context: context)
    let reports = seen.withLock { $0 }
    for stage in Analysis.Stage.allCases {
      let values = reports.filter { $0.stage == stage }.map(\.done)
      #expect(!values.isEmpty && values == values.sorted() && values.allSatisfy { (0...1).contains($0) })
    }
    #expect(reports.allSatisfy { ($0.explainer == "recorder") == ($0.stage == .explaining) })
    #expect(reports.map(\.stage).map { Analysis.Stage.allCases.firstIndex(of: $0) ?? -1 }.isSorted)
    struct Enough: Error {}
    let stopping = AnalysisContext(checkCancellation: { throw Enough() })
    #expect(throws: Enough.self) { try analyzer.analyze(path, context: stopping) }
  }
}

@Suite("JSON and digests")
struct RecordTests {
  @Test("text is quoted, numbers that are not finite are null, keys keep their order")
  func json() throws {
    let value: JSONValue = [
      "b": .string("a\"\\\n\u{1}\u{2028}é"), "a": [1, .number(.nan), .float(0.1), nil, .rounded(1.23456, 2)],
    ]
    #expect(value.text() == "{\"b\":\"a\\\"\\\\\\n\\u0001\\u2028é\",\"a\":[1,null,0.1,null,1.23]}")
    #expect(try object(value.text(pretty: true))["b"] as? String == "a\"\\\n\u{1}\u{2028}é")
    #expect(JSONValue.object([]).text(pretty: true) == "{}")
  }

  @Test(
    "SHA-256 gives the published digests",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
  func sha256(text: String, times: Int, expected: String) {
    var hash = SHA256()
    let chunk = Array(String(repeating: text, count: min(times, 1000)).utf8)
    for _ in 0..<max(1, times / 1000) { hash.update(chunk) }
    #expect(hash.finish() == expected)
  }
}

extension [Int] {
  fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
