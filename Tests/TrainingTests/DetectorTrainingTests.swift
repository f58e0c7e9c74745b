import Datasets
import Detector
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

@testable import Training

/// B0 with seeded weights and statistics of a unit normal.
private let start: DeepfakeDetector = {
  let architecture = Architecture(efficientNet: "EfficientNetB0")!
  var parameters: [String: Tensor] = [:]
  for (name, shape) in architecture.parameterShapes {
    parameters[name] =
      name.hasSuffix("running_mean")
      ? Tensor(shape: shape, repeating: 0)
      : name.hasSuffix("running_var") ? Tensor(shape: shape, repeating: 1) : .seededParameter(name, shape)
  }
  let info = ModelInfo(name: "start", architecture: "EfficientNetB0", inputSize: 32, cropPolicy: .tight)
  let description = ModelDescription(
    info: info, padding: Network.Padding(.symmetric), epsilon: 1e-3)
  return try! DeepfakeDetector(
    description: description,
    network: Network(architecture, padding: description.padding, epsilon: 1e-3, parameters: parameters))
}()

@Suite("Training a detector") struct DetectorTrainingTests {
  private static let faces = Result { try SyntheticFaces(originals: 16) }

  private static func recipe() -> Recipe {
    var recipe = Recipe()
    recipe.batch = 4
    recipe.stages = [
      .init(size: 32, epochs: 1, rate: 1e-3, warmup: 2), .init(size: 48, epochs: 0.5, rate: 1e-3, warmup: 0),
    ]
    recipe.averaging = 0.9
    return recipe
  }

  private static func training(_ recipe: Recipe, _ folder: String, workers: Int = 1) throws
    -> DetectorTraining
  {
    try DetectorTraining(
      recipe, faces: faces.get().set, start: start, keepsHead: false, description: start.description,
      folder: folder, workers: workers)
  }

  /// The run's weights, from its checkpoint.
  private static func weights(_ folder: TemporaryFolder) throws -> [String: Tensor] {
    try Weights(safetensors: folder.path("run/checkpoint.safetensors")).tensors
  }

  @Test("a run that is stopped and goes on gives the same weights and log, to the bit") func resumed() throws
  {
    let (whole, broken) = (TemporaryFolder(), TemporaryFolder())
    #expect(try Self.training(Self.recipe(), whole.path("run")).run() == .finished)
    for stop in [1, 4, 9] {
      var steps = 0
      let outcome = try Self.training(Self.recipe(), broken.path("run"), workers: 2).run(
        shouldStop: { steps >= stop }, progress: { _ in steps += 1 })
      #expect(outcome == (stop == 9 ? .finished : .stopped))
    }
    #expect(try Self.weights(whole) == Self.weights(broken))
    func log(_ folder: TemporaryFolder) throws -> [String] {
      try String(decoding: folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n").map {
        // Seconds are the machine's.
        String($0).replacing(#/"seconds":[0-9.e-]+/#, with: "")
      }
    }
    #expect(try log(whole) == log(broken))
    let detector = try DeepfakeDetector(contentsOf: broken.path("run/model.safetensors"))
    #expect(detector.info.architecture == "EfficientNetB0")
    for (stage, size) in [(1, 32), (2, 48)] {
      #expect(
        try DeepfakeDetector(contentsOf: broken.path("run/stage\(stage).safetensors")).info.inputSize == size)
    }
  }

  @Test("another seed gives other weights") func seeds() throws {
    let (a, b) = (TemporaryFolder(), TemporaryFolder())
    var recipe = Self.recipe()
    recipe.stages = [.init(size: 32, epochs: 0.25, rate: 1e-3, warmup: 0)]
    _ = try Self.training(recipe, a.path("run")).run()
    recipe.seed = 1
    _ = try Self.training(recipe, b.path("run")).run()
    #expect(try Self.weights(a) != Self.weights(b))
  }

  @Test("it learns: fakes with a bright square are told apart") func learns() throws {
    let folder = TemporaryFolder()
    var recipe = Self.recipe()
    recipe.augmentation = .none
    recipe.batch = 8
    recipe.stages = [.init(size: 32, epochs: 12, rate: 2e-3, warmup: 4)]
    _ = try Self.training(recipe, folder.path("run")).run()
    let looks = TrainingLog.read(folder.path("run/log.jsonl")).compactMap { event in
      if case .look(let look) = event { look } else { nil }
    }
    #expect(looks.map(\.areaUnderROC).max()! > 0.95)
  }

  @Test("only the head learns where only the head is to") func head() throws {
    let folder = TemporaryFolder()
    var recipe = Self.recipe()
    recipe.stages = [.init(size: 32, epochs: 0.5, rate: 1e-2, warmup: 0, scope: .head)]
    _ = try Self.training(recipe, folder.path("run")).run()
    let after = try Self.weights(folder)
    for (name, tensor) in start.network.parameters {
      #expect((after["parameter.\(name)"] == tensor) != name.hasPrefix("classifier."), "\(name)")
    }
  }

  @Test("frozen statistics stay as they were while filters learn") func frozen() throws {
    let folder = TemporaryFolder()
    var recipe = Self.recipe()
    recipe.stages = [.init(size: 32, epochs: 0.25, rate: 1e-3, warmup: 0, statistics: .frozen)]
    _ = try Self.training(recipe, folder.path("run")).run()
    let after = try Self.weights(folder)
    let name = "blocks.3.expand"
    #expect(
      after["parameter.\(name).norm.running_var"] == start.network.parameters["\(name).norm.running_var"])
    #expect(after["parameter.\(name).conv.weight"] != start.network.parameters["\(name).conv.weight"])
  }

  @Test("patience ends a run early, also after it was asked again") func patience() throws {
    let folder = TemporaryFolder()
    var recipe = Self.recipe()
    recipe.stages = [.init(size: 32, epochs: 3, rate: 1e-9, warmup: 0)]
    (recipe.patience, recipe.looksPerEpoch, recipe.averaging) = (0, 8, 0)
    recipe.momentum = 1e-6
    #expect(try Self.training(recipe, folder.path("run")).run() == .outOfPatience)
    #expect(try Self.training(recipe, folder.path("run")).run() == .outOfPatience)
  }

  @Test("for a damaged picture another of its kind stands in; where many are, the run ends") func damaged()
    throws
  {
    let faces = try SyntheticFaces(originals: 30)
    let whole = try faces.folder.bytes("train-3.png")
    func spoil(_ range: Range<Int>) throws {
      for i in range { _ = try faces.folder.write(Array(whole.prefix(100)), "train-\(i).png") }
    }
    func training() throws -> (DetectorTraining, TemporaryFolder) {
      let folder = TemporaryFolder()
      var recipe = Self.recipe()
      recipe.stages = [.init(size: 32, epochs: 1, rate: 1e-3, warmup: 0)]
      return (
        try DetectorTraining(
          recipe, faces: FaceSet(faces.folder.url.path), start: start, keepsHead: false,
          description: start.description, folder: folder.path("run")), folder
      )
    }
    try spoil(3..<4)
    let (run, _folder) = try training()
    #expect(try run.run() == .finished)
    #expect(run.damagedPictures.count == 1 && run.damagedPictures[0].path.contains("train-3.png"))
    try spoil(0..<28)
    let (broken, _other) = try training()
    #expect(throws: DatasetError.self) { try broken.run() }
    withExtendedLifetime((_folder, _other)) {}
  }

  @Test("a folder is one process's at a time, and what a killed one left unfinished goes") func locked()
    throws
  {
    let folder = TemporaryFolder()
    var first: DetectorTraining? = try Self.training(Self.recipe(), folder.path("run"))
    #expect(throws: TrainingError.self) { try Self.training(Self.recipe(), folder.path("run")) }
    try #require(first != nil)
    first = nil
    _ = try folder.write([1], "run/checkpoint.safetensors.x.partial")
    _ = try Self.training(Self.recipe(), folder.path("run"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("run"))
    #expect(Set(names) == [".lock", "checkpoint.safetensors", "recipe.json"])
  }

  @Test("a run goes on only with its own recipe and its own faces, in a folder of its own") func refused()
    throws
  {
    let folder = TemporaryFolder()
    var recipe = Self.recipe()
    _ = try Self.training(recipe, folder.path("run"))
    recipe.batch = 8
    #expect(throws: TrainingError.self) { try Self.training(recipe, folder.path("run")) }
    let others = try SyntheticFaces(originals: 17).set
    #expect(throws: TrainingError.self) {
      try DetectorTraining(
        Self.recipe(), faces: others, start: start, keepsHead: false, description: start.description,
        folder: folder.path("run"))
    }
    _ = try folder.write([1], "other/x".replacing("other/", with: ""))
    #expect(throws: TrainingError.self) { try Self.training(recipe, folder.url.path) }
  }
}
