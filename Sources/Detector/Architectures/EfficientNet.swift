public import Tensor

/// EfficientNet (Tan & Le 2019), B0 to B7, with one logit: stem, inverted bottlenecks with squeeze-and-excitation,
/// head convolution, average pool, linear.
///
/// The table in ``Configuration`` is the whole description; `forward` reads it. The network follows the reference
/// in stage widths, repeats and rounding; where ports differ — padding and BatchNorm's ε — both are parameters.
public struct EfficientNet: Sendable {
  /// One inverted bottleneck.
  struct Bottleneck: Sendable {
    let kernel, stride, expansion, input, output: Int
    var expanded: Int { input * expansion }
    var squeezed: Int { max(1, input / 4) }
    var hasShortcut: Bool { stride == 1 && input == output }
  }

  /// Sizes of one member of the family.
  public struct Configuration: Sendable {
    /// The number k in Bk.
    public let index: Int
    /// Side of the pictures that it was designed for, in pixels.
    public let nativeSize: Int
    let stem: Int
    let bottlenecks: [Bottleneck]
    let head: Int

    /// `EfficientNetB<k>`.
    public var name: String { "EfficientNetB\(index)" }
    /// Channels before the linear layer.
    public var features: Int { head }

    /// Kernel, stride, expansion, output channels and repeats of B0's stages.
    private static let stages = [
      (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3),
      (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
    ]
    /// Factor of width, factor of depth and native size of B0 … B7.
    private static let family: [(width: Double, depth: Double, size: Int)] = [
      (1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 300), (1.4, 1.8, 380), (1.6, 2.2, 456),
      (1.8, 2.6, 528), (2.0, 3.1, 600),
    ]
    /// The indices that exist.
    public static let indices = 0..<family.count

    /// Bk, k in 0…7.
    public static func b(_ k: Int) -> Configuration {
      precondition(indices.contains(k), "EfficientNet.Configuration: there is no B\(k)")
      let member = family[k]
      /// The nearest multiple of 8 that is not below nine tenths.
      func channels(_ count: Int) -> Int {
        let scaled = Double(count) * member.width
        let rounded = max(8, Int(scaled + 4) / 8 * 8)
        return Double(rounded) < 0.9 * scaled ? rounded + 8 : rounded
      }
      var bottlenecks: [Bottleneck] = []
      var input = channels(32)
      for (kernel, stride, expansion, output, repeats) in stages {
        for i in 0..<Int((Double(repeats) * member.depth).rounded(.up)) {
          bottlenecks.append(
            Bottleneck(
              kernel: kernel, stride: i == 0 ? stride : 1, expansion: expansion, input: input,
              output: channels(output)))
          input = channels(output)
        }
      }
      return Configuration(
        index: k, nativeSize: member.size, stem: channels(32), bottlenecks: bottlenecks, head: channels(1280))
    }
  }

  /// The member of the family.
  public let configuration: Configuration
  /// How convolutions are padded.
  public let padding: PaddingScheme
  /// BatchNorm's ε.
  public let epsilon: Float
  /// All parameters and running statistics, under the names of ``parameterShapes(of:)``.
  public let parameters: [String: Tensor]
  private let layers: [ConvolutionLayer]
  private let layersByName: [String: ConvolutionLayer]
  private let folded: [String: FoldedConvolution]

  /// A network from its parameters.
  ///
  /// - Parameter parameters: exactly the tensors of ``parameterShapes(of:)``.
  /// - Throws: ``DetectorError`` that lists what is missing, unknown or of another shape.
  public init(
    _ configuration: Configuration, padding: PaddingScheme, epsilon: Float, parameters: [String: Tensor]
  ) throws(DetectorError) {
    try DetectorError.check(
      parameters.mapValues(\.shape), against: Self.parameterShapes(of: configuration),
      model: configuration.name)
    self.configuration = configuration
    self.padding = padding
    self.epsilon = epsilon
    self.parameters = parameters
    layers = Self.layers(of: configuration)
    layersByName = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
    folded = Dictionary(
      uniqueKeysWithValues: layers.map { ($0.name, FoldedConvolution($0, parameters, epsilon: epsilon)) })
  }

  /// The places where activations can be asked for: `stem`, `blocks.0` …, `head`; the head's is the last one before
  /// pooling.
  public var blocks: [Block] {
    var stride = 2
    var result = [Block(name: "stem", channels: configuration.stem, stride: stride)]
    for (i, block) in configuration.bottlenecks.enumerated() {
      stride *= block.stride
      result.append(Block(name: "blocks.\(i)", channels: block.output, stride: stride))
    }
    return result + [Block(name: "head", channels: configuration.head, stride: stride)]
  }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`.
  public func logits(_ x: Tensor) -> Tensor {
    let pass = inference(height: x.shape[2], width: x.shape[3])
    return classify(run(x, stages: 0..<blocks.count, pass), pass)
  }

  /// The output of each of `blocks` in turn, before the classifier, for pictures `[N, 3, H, W]`.
  public func activations(_ x: Tensor) -> [Tensor] {
    let pass = inference(height: x.shape[2], width: x.shape[3])
    var (x, result) = (x, [Tensor]())
    for stage in 0..<blocks.count {
      x = run(x, stages: stage..<stage + 1, pass)
      result.append(x)
    }
    return result
  }

  /// The activations after stage `stage` (position in ``blocks``), and the logits as a function of them: the
  /// activations are a tracked leaf.
  func split(_ x: Tensor, after stage: Int) -> (activations: Tensor, logits: Tensor) {
    let pass = inference(height: x.shape[2], width: x.shape[3])
    let activations = run(x, stages: 0..<stage + 1, pass).tracked()
    return (activations, classify(run(activations, stages: stage + 1..<blocks.count, pass), pass))
  }

  /// Logits `[N]` as a function of `parameters`, which may be tracked: the form that training uses.
  ///
  /// - Parameters:
  ///   - parameters: in place of the network's own, same names and shapes.
  ///   - statistics: whether BatchNorm uses its running statistics or those of the batch.
  /// - Returns: the logits, and the batch's mean and variance for each normalisation by name if they were used.
  public func logits(
    _ x: Tensor, parameters: [String: Tensor], statistics: BatchStatistics
  ) -> (logits: Tensor, statistics: [String: (mean: Tensor, variance: Tensor)]) {
    let pass = LearningPass(
      padding: paddings(height: x.shape[2], width: x.shape[3]), parameters: parameters, epsilon: epsilon,
      statistics: statistics)
    let logits = classify(run(x, stages: 0..<blocks.count, pass), pass)
    return (logits, pass.batchStatistics)
  }

  private func inference(height: Int, width: Int) -> InferencePass {
    InferencePass(
      padding: paddings(height: height, width: width), parameters: parameters, convolutions: folded)
  }

  private func paddings(height: Int, width: Int) -> [String: Tensor.Padding] {
    padding.paddings(for: layers, height: height, width: width, nativeSize: configuration.nativeSize)
  }

  // MARK: The network

  private func run(_ x: Tensor, stages: Range<Int>, _ pass: some Pass) -> Tensor {
    stages.reduce(x) { x, stage in
      switch stage {
      case 0: pass.convolve(x, layer("stem"), .silu)
      case configuration.bottlenecks.count + 1: pass.convolve(x, layer("head"), .silu)
      default: bottleneck(x, stage - 1, pass)
      }
    }
  }

  private func bottleneck(_ input: Tensor, _ i: Int, _ pass: some Pass) -> Tensor {
    let block = configuration.bottlenecks[i]
    var x = input
    if block.expansion != 1 { x = pass.convolve(x, layer("blocks.\(i).expand"), .silu) }
    x = pass.convolve(x, layer("blocks.\(i).depthwise"), .silu)
    let gate = pass.linear(
      pass.linear(x.globalAveragePooled(), "blocks.\(i).squeeze.reduce", .silu), "blocks.\(i).squeeze.expand",
      .sigmoid)
    x = x.multipliedPerChannel(by: gate)
    x = pass.convolve(x, layer("blocks.\(i).project"), .identity)
    if block.hasShortcut { x += input }
    return x
  }

  private func classify(_ x: Tensor, _ pass: some Pass) -> Tensor {
    pass.linear(x.globalAveragePooled(), "classifier", .identity).reshaped([x.shape[0]])
  }

  private func layer(_ name: String) -> ConvolutionLayer { layersByName[name]! }

  // MARK: Layers and parameters

  /// The convolutions with BatchNorm in the order in which they run.
  private static func layers(of configuration: Configuration) -> [ConvolutionLayer] {
    var layers = [ConvolutionLayer(name: "stem", input: 3, output: configuration.stem, kernel: 3, stride: 2)]
    for (i, block) in configuration.bottlenecks.enumerated() {
      if block.expansion != 1 {
        layers.append(
          ConvolutionLayer(name: "blocks.\(i).expand", input: block.input, output: block.expanded))
      }
      layers.append(
        ConvolutionLayer(
          name: "blocks.\(i).depthwise", input: block.expanded, output: block.expanded, kernel: block.kernel,
          stride: block.stride, isDepthwise: true))
      layers.append(
        ConvolutionLayer(name: "blocks.\(i).project", input: block.expanded, output: block.output))
    }
    let last = configuration.bottlenecks.last!.output
    return layers + [ConvolutionLayer(name: "head", input: last, output: configuration.head)]
  }

  /// Names and shapes of all parameters: `stem`, `blocks.<i>.expand|depthwise|project` and `head`, each with
  /// `.conv.weight` and `.norm.weight|bias|running_mean|running_var`; `blocks.<i>.squeeze.reduce|expand` and
  /// `classifier`, each with `.weight` and `.bias`.
  public static func parameterShapes(of configuration: Configuration) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for layer in layers(of: configuration) {
      shapes["\(layer.name).conv.weight"] = layer.filterShape
      for part in ["weight", "bias", "running_mean", "running_var"] {
        shapes["\(layer.name).norm.\(part)"] = [layer.output]
      }
    }
    func linear(_ name: String, _ input: Int, _ output: Int) {
      shapes["\(name).weight"] = [output, input]
      shapes["\(name).bias"] = [output]
    }
    for (i, block) in configuration.bottlenecks.enumerated() {
      linear("blocks.\(i).squeeze.reduce", block.expanded, block.squeezed)
      linear("blocks.\(i).squeeze.expand", block.squeezed, block.expanded)
    }
    linear("classifier", configuration.head, 1)
    return shapes
  }
}
