import ArgumentParser
import Detector
import Foundation
import Tensor

/// Makes the networks that are timed: weights as PyTorch initialises them, then BatchNorm's running statistics from one
/// batch, without which activations would die out from layer to layer (the peers' networks are made alike).
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Makes a network with random weights, unless it is there, and prints its path.")

  @OptionGroup var options: NetworkOptions
  @OptionGroup var timing: TimingOptions

  func run() throws {
    timing.prepare()
    let path = options.cache
    if !FileManager.default.fileExists(atPath: path) {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try detector().write(to: path, precision: .float32)
    }
    print(path)
  }

  private func detector() throws -> DeepfakeDetector {
    let architecture = Architecture.efficientNet(options.network)
    var random = SplitMix(seed: 0)
    var parameters: [String: Tensor] = [:]
    let shapes = architecture.parameterShapes
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      parameters[name] =
        if name.hasSuffix("norm.weight") || name.hasSuffix("running_var") {
          Tensor(shape: shape, repeating: 1)
        } else if name.hasSuffix("norm.bias") || name.hasSuffix("running_mean") {
          Tensor(shape: shape, repeating: 0)
        } else {
          random.tensor(shape, within: 1 / Float(ModelCommand.inputs(of: name, shapes)).squareRoot())
        }
    }
    let raw = try Network(architecture, padding: .init(.tracked), epsilon: 1e-3, parameters: parameters)
    let pictures = random.normal([4, 3, options.size, options.size])
    let pass = raw.trainingPass(pictures, parameters: parameters, statistics: .batch)
    for (name, values) in pass.statistics {
      parameters["\(name).running_mean"] = values.mean
      parameters["\(name).running_var"] = values.variance
    }
    let network = try Network(architecture, padding: .init(.tracked), epsilon: 1e-3, parameters: parameters)
    let info = ModelInfo(
      name: "random-\(options.modelName)-\(options.size)", architecture: architecture.name,
      inputSize: options.size)
    return try DeepfakeDetector(
      description: ModelDescription(info: info, padding: network.padding, epsilon: network.epsilon),
      network: network)
  }

  /// What one output of a layer is computed from; a bias goes by its weight.
  private static func inputs(of name: String, _ shapes: [String: [Int]]) -> Int {
    let weight = name.hasSuffix(".bias") ? name.dropLast(4) + "weight" : name
    return shapes[weight]!.dropFirst().reduce(1, *)
  }
}

extension NetworkOptions {
  /// Where the random network is kept.
  var cache: String {
    let environment = ProcessInfo.processInfo.environment
    let folder = environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    return "\(folder)/whyfake-benchmarks/\(modelName)-\(size).safetensors"
  }

  /// The random network. A process of its own makes it, so that this one's peak memory is that of the work.
  func detector(_ timing: TimingOptions) throws -> DeepfakeDetector {
    if !FileManager.default.fileExists(atPath: cache) {
      let process = Process()
      process.executableURL = Bundle.main.executableURL
      process.arguments = [
        "model", "--model", model, "--attention", attention.rawValue, "--size", String(size), "--threads",
        String(timing.threads),
      ]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw Failure("\(cache) could not be made") }
    }
    return try DeepfakeDetector(contentsOf: cache)
  }

  /// Seeded pictures `[batch, 3, size, size]` of mean 0 and variance 1, as a normalised picture about has.
  var pictures: Tensor {
    var random = SplitMix(seed: 1)
    return random.normal([batch, 3, size, size])
  }
}
