import ArgumentParser
import Datasets
import Detector
import Foundation
import Tensor
import Training
import VideoIO

/// `whyfake train`: a detector from faces.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a detector on face crops.",
    discussion: """
      FACES is a folder with an index.csv, as `whyfake faces` makes it. The run is a folder: the same command \
      goes on with a run that was stopped or killed, and ends with the same weights. What it learned is in \
      model.safetensors, its curves in report.html (Documentation/TrainingDetectors.md).
      """)

  @Argument(help: "A folder of face crops with an index.csv.")
  var faces: String

  @Option(help: ArgumentHelp("The run's folder, made if it is not there.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The model or checkpoint whose weights it starts from: a detector, or a network trained on photographs.",
      valueName: "name-or-file"))
  var start: String

  @Flag(help: "Begin with the start's classifier; without, it is drawn.")
  var keepHead = false

  @Option(help: ArgumentHelp("A recipe as JSON; recipe.json of another run is one.", valueName: "file"))
  var recipe: String?

  @Option(help: "What to train: EfficientNetB0 … B7, EfficientNetAutoAttB0 …, EfficientNetLTPAB0 …")
  var architecture: String?

  @Option(
    help: ArgumentHelp(
      "The sizes and how often fakes are gone through at each, such as 128:5,160:5,224:4.",
      valueName: "size:epochs,…"))
  var stages: String?

  @Option(help: "Seed of everything that is drawn at random.")
  var seed: UInt64?

  @Option(help: "The name that the detector gets; by default that of the run's folder.")
  var name: String?

  @Option(help: "What it is trained on, in words; by default the datasets that the index names.")
  var trainingData: String?

  @Option(
    help: ArgumentHelp(
      "How the faces were cropped: scale, tight, margin:FRACTION, stretched:FRACTION, letterbox:FRACTION or "
        + "square:SCALE,SHIFTX,SHIFTY. By default as for the model \(ModelZoo.defaultModel).",
      valueName: "policy"), transform: CropPolicy.init(argument:))
  var crop: CropPolicy?

  @Option(help: "Threads to compute with; by default one a core.")
  var threads: Int?

  @Option(help: "Threads that prepare pictures.")
  var workers: Int = 1

  func run() throws {
    ComputeRuntime.prepareProcess(threads: threads)
    do {
      try train()
    } catch let error as ExitCode {
      throw error
    } catch {
      ProgressLine.shared.clear()
      Terminal.message(oneLine(error))
      throw ExitCode.failure
    }
  }

  private func train() throws {
    let recipe = try finalRecipe()
    let set = try FaceSet(faces)
    var overrides = DeepfakeDetector.Overrides()
    overrides.isTrunkOnly = !keepHead
    let detector = try DeepfakeDetector.load(start, overrides)
    var description = detector.description
    let datasets = Set(set.records.map(\.dataset)).filter { !$0.isEmpty }.sorted()
    description.info.name = name ?? (output as NSString).lastPathComponent
    description.info.trainingData =
      trainingData ?? (datasets.isEmpty ? nil : datasets.joined(separator: ", "))
    description.info.source = "trained by WhyFake from \(detector.info.name)"
    (description.info.licence, description.info.performance, description.checkpoint) = (nil, nil, nil)
    if let policy = crop ?? ModelZoo.record(named: ModelZoo.defaultModel)?.cropPolicy {
      description.info.cropPolicy = policy
    }
    let training = try DetectorTraining(
      recipe, faces: set, start: detector, keepsHead: keepHead, description: description, folder: output,
      workers: workers)
    Interruption.shared.becomeGentle()
    // A run that goes on does not tell again what it found before.
    var lastLook = training.stepsDone
    let outcome = try training.run(
      shouldStop: { Interruption.shared.askedToStop != nil },
      progress: { progress in
        if let look = progress.look, look.step > lastLook {
          lastLook = look.step
          ProgressLine.shared.clear()
          Terminal.message(
            "step \(look.step): \(look.size) pixels, balanced accuracy \(Words.fixed(look.balancedAccuracy, 4)), ROC AUC "
              + "\(Words.fixed(look.areaUnderROC, 4)), log-loss \(Words.fixed(look.logLoss, 4)) on \(look.crops) crops"
              + (look.isBest ? ": the best so far" : ""))
        }
        let left = progress.secondsLeft.map { ", \(ProgressLine.words(seconds: $0)) left" } ?? ""
        ProgressLine.shared.note(
          "training",
          "step \(progress.step) of \(progress.steps), \(progress.size) pixels, loss "
            + "\(Words.fixed(progress.loss, 3)), \(Words.fixed(progress.imagesPerSecond, 0)) images/s\(left)")
      })
    ProgressLine.shared.clear()
    for problem in training.damagedPictures { Terminal.message("\(oneLine(problem)); another stood in") }
    switch outcome {
    case .finished: Terminal.message("done: \(output)/model.safetensors")
    case .outOfPatience: Terminal.message("no better for a while: \(output)/model.safetensors")
    case .stopped:
      Terminal.message("stopped; the same command goes on")
      throw ExitCode(128 + (Interruption.shared.askedToStop ?? SIGINT))
    }
    if !training.damagedPictures.isEmpty { throw ExitCode.failure }
  }

  private func finalRecipe() throws -> Recipe {
    var result = Recipe()
    if let recipe {
      guard let data = FileManager.default.contents(atPath: recipe) else {
        throw Failure("\(Terminal.shown(recipe)): cannot be read")
      }
      do {
        result = try JSONDecoder().decode(Recipe.self, from: data)
      } catch {
        throw Failure("\(Terminal.shown(recipe)): is no recipe: \(oneLine(error))")
      }
    }
    if let architecture { result.architecture = architecture }
    if let seed { result.seed = seed }
    if let stages {
      result.stages = try stages.split(separator: ",").enumerated().map { index, text in
        let parts = text.split(separator: ":")
        guard parts.count == 2, let size = Int(parts[0]), let epochs = Double(parts[1]) else {
          throw Failure("--stages \(stages): \(text) is not SIZE:EPOCHS")
        }
        var stage = result.stages[min(index, result.stages.count - 1)]
        (stage.size, stage.epochs) = (size, epochs)
        return stage
      }
    }
    return result
  }
}
