import Datasets
import Detector
import Evaluation
import Foundation
import Tensor
import TestSupport
import Testing
import Training
import VideoIO

/// A detector that says how red a crop is, in hundredths, and remembers nothing.
private struct Redness: Classifier {
  var info = ModelInfo(name: "redness", architecture: "none", inputSize: 16)
  var isBroken = false

  func logits(_ crops: Tensor) throws -> Tensor {
    let (count, plane) = (crops.shape[0], 256)
    precondition(crops.shape == [count, 3, 16, 16], "redness: \(crops.shape)")
    let values = crops.elements
    return Tensor(
      shape: [count],
      (0..<count).map { n in
        isBroken ? .nan : 100 * values[n * 3 * plane..<n * 3 * plane + plane].reduce(0, +) / Float(plane) - 50
      })
  }
}

@Suite("Scores of a face set")
struct ScoringTests {
  private let folder = TemporaryFolder()

  /// Pictures of one colour, picture i of red 10 · i; every other one a fake of the one before.
  private func set(_ count: Int = 9) throws -> FaceSet {
    var index = "name,label,original,x,y,width,height,frame,split\n"
    for i in 0..<count {
      try ImageFile.write(RGBImage(width: 20, height: 20, red: UInt8(10 * i)), to: folder.path("p\(i).png"))
      index += "p\(i),\(i % 2 == 1 ? "fake,p\(i - 1)" : "real,"),0,0,30,\(40 + i),\(i),validation\n"
    }
    try Data(index.utf8).write(to: URL(fileURLWithPath: folder.path("index.csv")))
    return try FaceSet(folder.path("."))
  }

  @Test("are in the order asked for, of scaled pictures in [0, 1], and do not depend on the batch")
  func order() throws {
    let faces = try set()
    let wanted = [4, 0, 7, 3, 8]
    let expected = wanted.map { Double($0) * 1000 / 255 - 50 }
    for batch in [1, 2, 5, 64] {
      var scoring = try Scoring(Redness())
      scoring.batchSize = batch
      var done: [Int] = []
      let result = try scoring.run(on: faces, indices: wanted) { done.append($0) }
      #expect(result.faces.map(\.record.name) == wanted.map { "p\($0)" })
      for (face, value) in zip(result.faces, expected) { #expect(abs(face.logit - value) < 1e-3) }
      #expect(done.last == 5 && done.count == (5 + batch - 1) / batch && result.problems.isEmpty)
    }
    let samples = try Scoring(Redness()).run(on: faces, indices: [2, 3]).samples
    #expect(samples.map(\.isFake) == [false, true] && samples.map(\.group) == ["/p2", "/p2"])
    #expect(abs(samples[0].faceSide! - (30.0 * 42).squareRoot()) < 1e-9 && samples[1].frame == 3)
  }

  @Test("a damaged picture ends it, or is left out and named")
  func damaged() throws {
    let faces = try set()
    try Data("no".utf8).write(to: URL(fileURLWithPath: folder.path("p5.png")))
    var scoring = try Scoring(Redness())
    #expect(throws: DatasetError.self) { try scoring.run(on: faces, indices: [4, 5, 6]) }
    scoring.badPictures = .skip
    let result = try scoring.run(on: faces, indices: [4, 5, 6])
    #expect(result.faces.map(\.record.name) == ["p4", "p6"])
    #expect(result.problems.count == 1 && result.problems[0].path.contains("p5"))
  }

  @Test("what progress throws ends it; logits that are no numbers and detectors of clips are refused")
  func refusals() throws {
    struct Enough: Error {}
    let faces = try set()
    #expect(throws: Enough.self) {
      try Scoring(Redness()).run(on: faces, indices: [0]) { _ in throw Enough() }
    }
    #expect(throws: DetectorError.self) { try Scoring(Redness(isBroken: true)).run(on: faces, indices: [0]) }
    var clips = Redness()
    clips.info.scoresFrameByFrame = false
    #expect(throws: DetectorError.self) { try Scoring(clips) }
  }

  @Test("come back from their file, whatever names hold; a bad line is named")
  func file() throws {
    let faces = [
      ScoredFace(
        record: FaceRecord(
          name: "a,\"b\"", dataset: "d", video: "v", label: .fake, original: "o", method: "m", split: .test,
          frame: 3,
          box: [1, 2, 3.5, 4], compression: "c40"), logit: Double(Float(1) / 3)),
      ScoredFace(
        record: FaceRecord(name: "x", dataset: "", video: "x", label: .real, split: .validation), logit: -7),
    ]
    let path = folder.path("scores.csv")
    try Data(ScoreFile.text(faces).utf8).write(to: URL(fileURLWithPath: path))
    #expect(try ScoreFile.read(path) == faces)
    for (text, reason) in [
      ("name,label\na,real\n", "no column logit"), ("name,label,logit\na,real,nan\n", "line 2"),
      ("name,label,logit\na,perhaps,1\n", "perhaps"), ("name,label,logit\n", "no scores"),
      ("name,label,logit,split\na,real,1,never\n", "never"),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      do {
        _ = try ScoreFile.read(path)
        Issue.record("\(text) was read")
      } catch {
        #expect(error.description.contains(reason), "\(error)")
      }
    }
    try Data("name,label,logit\na,real,1\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try ScoreFile.read(path, missingSplit: .train)[0].record.split == .train)
  }
}
