public import Datasets
public import Detector
import Evaluation
import Foundation
import Tensor
import VideoIO

/// A detector being trained: a folder with everything that a run is, and what goes on from it.
///
/// | file | |
/// | --- | --- |
/// | `recipe.json` | what was asked for |
/// | `log.jsonl` | ``TrainingEvent``s, one a line |
/// | `checkpoint.safetensors` | weights, averages, the optimiser's memory, position: where it goes on |
/// | `model.safetensors` | the averaged weights that did best on *select* so far: a detector |
/// | `stage1.safetensors` … | the averaged weights at the end of each stage: a detector of its size |
/// | `report.html` | the curves |
///
/// A run that was stopped or killed goes on from its last checkpoint, at most ``checkpointSeconds`` old, and gives to the bit
/// what it would have given.
public final class DetectorTraining {
  /// How far it is.
  public struct Progress: Sendable {
    /// Steps done.
    public var step: Int
    /// Steps of the whole run.
    public var steps: Int
    /// Side of the pictures now.
    public var size: Int
    /// Mean loss since the log's last line.
    public var loss: Double
    /// Pictures a second, of late.
    public var imagesPerSecond: Double
    /// What the last look found.
    public var look: TrainingEvent.Look?
    /// Seconds that the rest takes at this pace, by the area of its pictures.
    public var secondsLeft: Double?
  }

  /// How a sitting ended.
  public enum Outcome: Sendable, Equatable {
    /// All steps were done.
    case finished
    /// No better detector for as many looks as the recipe waits for.
    case outOfPatience
    /// It was asked to stop, and wrote a checkpoint.
    case stopped
  }

  /// Seconds between checkpoints.
  public static let checkpointSeconds = 45.0
  /// Steps between lines of the log.
  static let logSteps = 50

  let recipe: Recipe
  let faces: FaceSet
  let folder: String
  let network: Network
  let description: ModelDescription
  let plan: BatchPlan
  let stages: StagePlan
  private let selected: [Int]
  private let fingerprint: String
  private let workers: Int
  private let lock: FolderLock
  private let damaged = DamagedPictures()
  private var learner: Learner
  private var state: TrainingProgressState

  /// Begins a run in `folder`, or goes on with the one that is there.
  ///
  /// - Parameters:
  ///   - recipe: what to do. Must be that of the run which is there.
  ///   - faces: crops to learn from (split `train`) and to choose by (half *select* of split `validation`).
  ///   - start: the detector whose weights it starts from; what the architecture has besides is drawn.
  ///   - keepsHead: whether the start's classifier is a detector's; else it is drawn.
  ///   - description: what the trained detector says of itself; size and architecture are set.
  ///   - workers: threads that prepare pictures.
  /// - Throws: ``TrainingError``; `DatasetError` where faces cannot be read.
  public init(
    _ recipe: Recipe, faces: FaceSet, start: DeepfakeDetector, keepsHead: Bool, description: ModelDescription,
    folder: String, workers: Int = 1
  ) throws {
    try recipe.validate()
    guard let architecture = Architecture(efficientNet: recipe.architecture) else {
      throw TrainingError(
        .badRecipe,
        "\(recipe.architecture) is none that is trained here; EfficientNetB0 … B7 are, also AutoAtt and LTPA")
    }
    self.recipe = recipe
    self.faces = faces
    self.folder = folder
    self.workers = workers
    var trunk = start.network.parameters
    if !keepsHead { trunk = trunk.filter { !$0.key.hasPrefix("classifier.") } }
    let parameters = architecture.parameters(startingFrom: trunk, seed: mixed(recipe.seed, 5))
    guard Set(parameters.keys).intersection(trunk.keys).count > parameters.count / 2 else {
      throw TrainingError(
        .badStart,
        "\(start.info.name) is an \(start.info.architecture), no start for an \(recipe.architecture)")
    }
    network = try Network(
      architecture, padding: start.network.padding, epsilon: start.network.epsilon, parameters: parameters)
    var description = description
    description.info.architecture = architecture.name
    (description.padding, description.epsilon) = (start.network.padding, start.network.epsilon)
    description.normalization = start.description.normalization
    self.description = description
    let training = faces.records.indices.filter { faces.records[$0].split == .train }
    plan = try BatchPlan(faces, training, recipe: recipe)
    stages = StagePlan(recipe, stepsPerEpoch: plan.stepsPerEpoch)
    selected = faces.records.indices.filter {
      faces.records[$0].split == .validation && faces.records[$0].half == .select
    }
    for label in FaceRecord.Label.allCases
    where !selected.contains(where: { faces.records[$0].label == label }) {
      throw TrainingError(
        .badFaces, "no \(label.rawValue) faces to choose by (split validation)", path: faces.folder)
    }
    fingerprint = Self.fingerprint(of: faces, start: start)
    state = TrainingProgressState()
    learner = Learner(recipe, parameters)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw TrainingError(.file, "cannot be made", path: folder)
    }
    guard Self.isRun(folder) else {
      throw TrainingError(.badRun, "is not empty and holds no run; give another folder", path: folder)
    }
    lock = try Self.locked(folder)
    try prepareFolder()
  }

  // MARK: Running

  /// Steps done so far, over all sittings.
  public var stepsDone: Int { state.step }

  /// Pictures that could not be read so far in this sitting; others of their kind stood in.
  public var damagedPictures: [DatasetError] { damaged.problems }

  /// Trains to the end, or until `shouldStop` says so between two steps.
  ///
  /// - Parameters:
  ///   - shouldStop: asked before each step.
  ///   - progress: told after each step.
  public func run(
    shouldStop: () -> Bool = { false }, progress: (Progress) -> Void = { _ in }
  ) throws -> Outcome {
    if state.isOver { return .outOfPatience }
    var log = try TrainingLog("\(folder)/log.jsonl", keeping: state.logBytes)
    let (stages, sizes) = (stages, recipe.stages.map(\.size))
    let loader = BatchLoader(maker, from: state.step, workers: workers) { step in
      stages.stage(of: step).map { sizes[$0] }
    }
    defer { loader.stop() }
    var saved = ContinuousClock.now
    var pace = Pace()
    var look = TrainingLog.read("\(folder)/log.jsonl").reversed().lazy.compactMap { event in
      if case .look(let look) = event { look } else { nil }
    }.first
    while let stage = stages.stage(of: state.step) {
      if shouldStop() {
        try save(log.bytes)
        return .stopped
      }
      let started = ContinuousClock.now
      if state.step == stages.starts[stage] {
        (state.plateau, state.lowestLoss, state.looksSinceLowest) = (1, nil, 0)
      }
      let batch = try loader.batch(state.step)
      try learn(batch, stage)
      if state.step % Self.logSteps == 0 || state.step == stages.starts[stage + 1] {
        try write(stage, to: &log)
      }
      let worked = (ContinuousClock.now - started) / .seconds(1)
      state.seconds += worked
      pace.add(worked, size: recipe.stages[stage].size, images: recipe.batch)
      if looks(after: state.step, stage) {
        look = try self.look(stage, &log)
        state.isOver = recipe.patience.map { state.looksSinceBest > $0 } ?? false
        try save(log.bytes)
        saved = .now
        if state.isOver { return .outOfPatience }
      } else if ContinuousClock.now - saved > .seconds(Self.checkpointSeconds) {
        try save(log.bytes)
        saved = .now
      }
      progress(
        Progress(
          step: state.step, steps: stages.steps, size: recipe.stages[stage].size,
          loss: state.counted == 0 ? learner.loss : state.lossSum / Double(state.counted),
          imagesPerSecond: pace.imagesPerSecond, look: look,
          secondsLeft: pace.secondsLeft(recipe, stages, from: state.step)))
    }
    try save(log.bytes)
    return .finished
  }

  private var maker: BatchMaker {
    BatchMaker(
      faces: faces, plan: plan, recipe: recipe, mean: description.normalization.mean,
      deviation: description.normalization.standardDeviation, damaged: damaged)
  }

  private func learn(_ batch: Batch, _ stage: Int) throws {
    let part = recipe.stages[stage]
    let rate = part.rate(
      at: state.step - stages.starts[stage], of: stages.steps(of: stage), plateau: state.plateau)
    let norm = learner.step(batch, network, rate: rate, part)
    guard learner.loss.isFinite, norm.isFinite else {
      throw TrainingError(
        .diverged, "the loss is no longer a number at step \(state.step + 1); take a lower rate", path: folder
      )
    }
    state.step += 1
    state.lossSum += learner.loss
    state.normSum += norm
    state.counted += 1
  }

  private func write(_ stage: Int, to log: inout TrainingLog) throws {
    guard state.counted > 0 else { return }
    let part = recipe.stages[stage]
    try log.add(
      .steps(
        TrainingEvent.Steps(
          step: state.step, stage: stage, size: part.size, loss: state.lossSum / Double(state.counted),
          gradientNorm: state.normSum / Double(state.counted),
          rate: Double(
            part.rate(
              at: state.step - 1 - stages.starts[stage], of: stages.steps(of: stage), plateau: state.plateau)),
          seconds: state.seconds)))
    (state.lossSum, state.normSum, state.counted) = (0, 0, 0)
  }

  // MARK: Looking

  /// Whether *select* is judged when `step` steps are done.
  private func looks(after step: Int, _ stage: Int) -> Bool {
    let every = max(1, Int((Double(plan.stepsPerEpoch) / recipe.looksPerEpoch).rounded()))
    return (step - stages.starts[stage]) % every == 0 || step == stages.starts[stage + 1]
  }

  private func look(_ stage: Int, _ log: inout TrainingLog) throws -> TrainingEvent.Look {
    let started = ContinuousClock.now
    let detector = try detector(learner.judged, size: recipe.stages[stage].size)
    var scoring = try Scoring(detector)
    scoring.badPictures = .skip
    let samples = try scoring.run(on: faces, indices: selected).samples
    let found = ClassificationMetrics(samples)
    guard let accuracy = found.balancedAccuracy, let area = found.areaUnderROC, let loss = found.logLoss
    else {
      throw TrainingError(.diverged, "the weights judge nothing any more", path: folder)
    }
    let isBest = area > state.best ?? -1
    if state.step == stages.starts[stage + 1] {
      try detector.write(to: "\(folder)/stage\(stage + 1).safetensors", precision: .float32)
    }
    if isBest {
      (state.best, state.looksSinceBest) = (area, 0)
      try detector.write(to: "\(folder)/model.safetensors", precision: .float32)
    } else {
      state.looksSinceBest += 1
    }
    if loss < state.lowestLoss ?? .infinity {
      (state.lowestLoss, state.looksSinceLowest) = (loss, 0)
    } else {
      state.looksSinceLowest += 1
      if state.looksSinceLowest > recipe.plateauPatience {
        (state.plateau, state.looksSinceLowest) = (state.plateau * recipe.plateauFactor, 0)
      }
    }
    state.seconds += (ContinuousClock.now - started) / .seconds(1)
    let look = TrainingEvent.Look(
      step: state.step, stage: stage, size: recipe.stages[stage].size, crops: samples.count,
      balancedAccuracy: accuracy, areaUnderROC: area, logLoss: loss, isBest: isBest, seconds: state.seconds)
    try log.add(.look(look))
    try TrainingReport(recipe, TrainingLog.read("\(folder)/log.jsonl"), steps: stages.steps)
      .write(to: "\(folder)/report.html")
    return look
  }

  private func detector(_ parameters: [String: Tensor], size: Int) throws -> DeepfakeDetector {
    var description = description
    description.info.inputSize = size
    return try DeepfakeDetector(
      description: description,
      network: Network(
        network.architecture, padding: network.padding, epsilon: network.epsilon, parameters: parameters))
  }

  // MARK: The folder

  private var checkpoint: String { "\(folder)/checkpoint.safetensors" }

  /// Whether a folder holds a run, or nothing but what one may have begun with.
  private static func isRun(_ folder: String) -> Bool {
    let names = Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    return names.contains("checkpoint.safetensors")
      || names.allSatisfy { isUnfinished($0) || ["recipe.json", FolderLock.fileName].contains($0) }
  }

  /// Whether a file is what a killed process had not finished; whole files have other names.
  private static func isUnfinished(_ name: String) -> Bool {
    name.hasSuffix(".partial") || name.hasSuffix(".part")
  }

  private static func locked(_ folder: String) throws(TrainingError) -> FolderLock {
    let lock: FolderLock?
    do throws(FileProblem) { lock = try FolderLock(folder) } catch {
      throw TrainingError(.file, error.text, path: folder)
    }
    guard let lock else {
      throw TrainingError(
        .badRun, "is being trained in by another process; stop that, or give another folder", path: folder)
    }
    return lock
  }

  private func prepareFolder() throws {
    let manager = FileManager.default
    for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] where Self.isUnfinished(name) {
      try? manager.removeItem(atPath: "\(folder)/\(name)")
    }
    if manager.fileExists(atPath: checkpoint) {
      let found = try TrainingCheckpoint(checkpoint, recipe: recipe, faces: fingerprint)
      state = found.state
      learner = try Learner(recipe, found, network, path: checkpoint)
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = try encoder.encode(recipe) + Data("\n".utf8)
    try VideoIO.WholeFile.write([UInt8](text), to: "\(folder)/recipe.json")
    try save(0)
  }

  private func save(_ logBytes: Int) throws {
    state.logBytes = logBytes
    try learner.checkpoint(recipe, state).write(to: checkpoint, faces: fingerprint)
  }

  /// What tells whether a run goes on with what it began with: names, labels and splits of the faces, and the weights that it
  /// started from.
  private static func fingerprint(of faces: FaceSet, start: DeepfakeDetector) -> String {
    var hash = SHA256()
    for record in faces.records {
      hash.update("\(record.name) \(record.label.rawValue) \(record.group) \(record.split.rawValue)\n".utf8)
    }
    for (name, tensor) in start.network.parameters.sorted(by: { $0.key < $1.key }) {
      hash.update(name.utf8)
      tensor.withUnsafeBufferPointer { hash.update(UnsafeRawBufferPointer($0)) }
    }
    return hash.finish()
  }
}

/// How fast a run goes, by the area of its pictures.
private struct Pace {
  private var images: [(seconds: Double, count: Int, area: Double)] = []

  mutating func add(_ seconds: Double, size: Int, images count: Int) {
    images.append((seconds, count, Double(size * size)))
    if images.count > 40 { images.removeFirst() }
  }

  var imagesPerSecond: Double {
    Double(images.reduce(0) { $0 + $1.count }) / max(1e-9, images.reduce(0) { $0 + $1.seconds })
  }

  /// Seconds that the steps from `step` on take, looks not counted.
  func secondsLeft(_ recipe: Recipe, _ stages: StagePlan, from step: Int) -> Double? {
    guard images.count >= 5 else { return nil }
    let perArea =
      images.reduce(0) { $0 + $1.seconds } / images.reduce(0) { $0 + Double($1.count) * $1.area }
    return recipe.stages.enumerated().reduce(0) { sum, entry in
      let steps = max(0, stages.starts[entry.offset + 1] - max(step, stages.starts[entry.offset]))
      return sum + Double(steps * recipe.batch * entry.element.size * entry.element.size) * perArea
    }
  }
}
