import ArgumentParser
import Detector
import Tensor

/// How long and with how many threads.
struct TimingOptions: ParsableArguments {
  @Option(help: "Threads to compute with.")
  var threads: Int = 2

  @Option(help: "Runs at the least, after the first ones, which are not counted.")
  var runs: Int = 7

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads); give 1 to 1024.")
    }
    guard runs > 0 else { throw ValidationError("--runs is \(runs); give at least 1.") }
  }

  /// Sets the process up as the tool does.
  func prepare() { ComputeRuntime.prepareProcess(threads: threads) }
}

/// Which network, on what.
struct NetworkOptions: ParsableArguments {
  @Option(help: "EfficientNet b0 to b7.")
  var model: String = "b4"

  @Option(help: "What it attends with.")
  var attention: Attention = .none

  @Option(help: "Side of the pictures in pixels.")
  var size: Int = 380

  @Option(help: "Pictures in one pass.")
  var batch: Int = 1

  func validate() throws {
    guard index != nil else { throw ValidationError("--model is \(model); give b0 to b7.") }
    guard (32...4096).contains(size) else { throw ValidationError("--size is \(size); give 32 to 4096.") }
    guard (1...1024).contains(batch) else { throw ValidationError("--batch is \(batch); give 1 to 1024.") }
  }

  private var index: Int? {
    guard model.count == 2, model.first == "b", let index = Int(model.dropFirst()),
      EfficientNet.indices.contains(index)
    else { return nil }
    return index
  }

  /// The network's description.
  var network: EfficientNet { EfficientNet(b: index!, attention: attention.attention) }

  /// Such as `b0` or `b0-ltpa`.
  var modelName: String { attention == .none ? model : "\(model)-\(attention.rawValue)" }
}

/// The attention of the networks that the project trains.
enum Attention: String, ExpressibleByArgument, CaseIterable {
  case none, autoatt, ltpa

  var attention: EfficientNet.Attention {
    switch self {
    case .none: .none
    case .autoatt: .autoAtt(width: 0)
    case .ltpa: .ltpa(.dotProduct)
    }
  }
}

extension JSONLine {
  /// What every line about a network says.
  func adding(_ network: NetworkOptions, _ timing: TimingOptions) -> JSONLine {
    adding("model", network.modelName).adding("size", network.size).adding("batch", network.batch)
      .adding("threads", timing.threads)
  }
}
