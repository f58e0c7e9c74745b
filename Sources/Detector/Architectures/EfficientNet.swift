import Tensor

/// EfficientNet (Tan & Le 2019), B0 to B7, with one logit: stem, inverted bottlenecks with squeeze-and-excitation,
/// head convolution, average pool, linear.
///
/// The table below is the whole description. The network follows the reference in stage widths, repeats and rounding;
/// where ports differ — padding and BatchNorm's ε — both are parameters of ``Network``. Bonettini's attention stands in
/// `EfficientNet+AutoAtt.swift`, Learn To Pay Attention in `EfficientNet+LTPA.swift`.
///
/// Parameters: `stem`, `blocks.<i>.expand|depthwise|project` and `head`, each with `.conv.weight` and
/// `.norm.weight|bias|running_mean|running_var`; `blocks.<i>.squeeze.reduce|expand` and `classifier`, each with
/// `.weight` and `.bias`; a siamese-tuned head also has `classifier.norm`; attention is under `attention`.
public struct EfficientNet: Sendable, Hashable {
  /// What it attends with, beside squeeze-and-excitation.
  public enum Attention: Sendable, Hashable {
    /// Nothing.
    case none
    /// Bonettini's attention, with `width` 3×3 convolutions before the 1×1 one (as published: 0).
    case autoAtt(width: Int)
    /// Learn To Pay Attention at three levels.
    case ltpa(Compatibility)
  }

  /// What stands between the pooled features and the logit.
  public enum Head: Sendable, Hashable {
    /// A linear layer.
    case linear
    /// BatchNorm and a linear layer: icpr2020dfdc's, tuned on features that were trained with a triplet loss.
    case siameseTuned
  }

  /// One inverted bottleneck.
  struct Bottleneck: Sendable, Hashable {
    let kernel, stride, expansion, input, output: Int
    var expanded: Int { input * expansion }
    var squeezed: Int { max(1, input / 4) }
    var hasShortcut: Bool { stride == 1 && input == output }
  }

  /// The number k in Bk.
  public let index: Int
  /// What it attends with.
  public let attention: Attention
  /// What gives the logit.
  public let head: Head
  /// Side of the pictures that it was designed for, in pixels.
  public let nativeSize: Int
  /// Channels that are pooled.
  public let features: Int
  /// The share of the pooled features that is dropped in training, as published.
  public let dropout: Double
  let stem: Int
  let bottlenecks: [Bottleneck]

  /// Kernel, stride, expansion, output channels and repeats of B0's stages.
  private static let stages = [
    (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
  ]
  /// Factor of width, factor of depth, native size and dropout of B0 … B7.
  private static let family: [(width: Double, depth: Double, size: Int, dropout: Double)] = [
    (1.0, 1.0, 224, 0.2), (1.0, 1.1, 240, 0.2), (1.1, 1.2, 260, 0.3), (1.2, 1.4, 300, 0.3),
    (1.4, 1.8, 380, 0.4), (1.6, 2.2, 456, 0.4), (1.8, 2.6, 528, 0.5), (2.0, 3.1, 600, 0.5),
  ]
  /// The indices that exist.
  public static let indices = 0..<family.count

  /// Bk, `index` in 0…7.
  public init(b index: Int, attention: Attention = .none, head: Head = .linear) {
    precondition(Self.indices.contains(index), "EfficientNet: there is no B\(index)")
    let member = Self.family[index]
    /// The nearest multiple of 8 that is not below nine tenths.
    func channels(_ count: Int) -> Int {
      let scaled = Double(count) * member.width
      let rounded = max(8, Int(scaled + 4) / 8 * 8)
      return Double(rounded) < 0.9 * scaled ? rounded + 8 : rounded
    }
    var bottlenecks: [Bottleneck] = []
    var input = channels(32)
    for (kernel, stride, expansion, output, repeats) in Self.stages {
      for i in 0..<Int((Double(repeats) * member.depth).rounded(.up)) {
        bottlenecks.append(
          Bottleneck(
            kernel: kernel, stride: i == 0 ? stride : 1, expansion: expansion, input: input,
            output: channels(output)))
        input = channels(output)
      }
    }
    self.index = index
    self.attention = attention
    self.head = head
    self.bottlenecks = bottlenecks
    (nativeSize, dropout) = (member.size, member.dropout)
    (stem, features) = (channels(32), channels(1280))
  }

  /// The last bottleneck whose output has one position for `stride`×`stride` pixels.
  func lastBottleneck(ofStride stride: Int) -> Int {
    var (current, last) = (2, 0)
    for (i, block) in bottlenecks.enumerated() {
      current *= block.stride
      if current == stride { last = i }
    }
    return last
  }
}

extension EfficientNet: PlannableLayout {
  var name: String {
    let family =
      switch attention {
      case .none: "EfficientNet"
      case .autoAtt: "EfficientNetAutoAtt"
      case .ltpa: "EfficientNetLTPA"
      }
    return "\(family)B\(index)" + (head == .siameseTuned ? "ST" : "")
  }

  var blocks: [Block] {
    var stride = 2
    var result = [Block(name: "stem", channels: stem, stride: stride)]
    for (i, block) in bottlenecks.enumerated() {
      stride *= block.stride
      result.append(Block(name: "blocks.\(i)", channels: block.output, stride: stride))
    }
    return result + [Block(name: "head", channels: features, stride: stride)]
  }

  var layers: [ConvolutionLayer] {
    var layers = [stemConvolution]
    for i in bottlenecks.indices { layers += [expand(i), depthwise(i), project(i)].compactMap { $0 } }
    return layers + [headConvolution]
  }

  private var stemConvolution: ConvolutionLayer {
    ConvolutionLayer(name: "stem", input: 3, output: stem, kernel: 3, stride: 2, isStem: true)
  }

  private func expand(_ i: Int) -> ConvolutionLayer? {
    let block = bottlenecks[i]
    guard block.expansion != 1 else { return nil }
    return ConvolutionLayer(name: "blocks.\(i).expand", input: block.input, output: block.expanded)
  }

  private func depthwise(_ i: Int) -> ConvolutionLayer {
    let block = bottlenecks[i]
    return ConvolutionLayer(
      name: "blocks.\(i).depthwise", input: block.expanded, output: block.expanded, kernel: block.kernel,
      stride: block.stride, isDepthwise: true)
  }

  private func project(_ i: Int) -> ConvolutionLayer {
    ConvolutionLayer(
      name: "blocks.\(i).project", input: bottlenecks[i].expanded, output: bottlenecks[i].output)
  }

  private var headConvolution: ConvolutionLayer {
    ConvolutionLayer(name: "head", input: bottlenecks.last!.output, output: features)
  }

  var parameterShapes: [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    func norm(_ name: String, _ channels: Int) {
      for part in ["weight", "bias", "running_mean", "running_var"] { shapes["\(name).\(part)"] = [channels] }
    }
    func linear(_ name: String, _ input: Int, _ output: Int) {
      shapes["\(name).weight"] = [output, input]
      shapes["\(name).bias"] = [output]
    }
    for layer in layers {
      shapes["\(layer.name).conv.weight"] = layer.filterShape
      norm("\(layer.name).norm", layer.output)
    }
    for (i, block) in bottlenecks.enumerated() {
      linear("blocks.\(i).squeeze.reduce", block.expanded, block.squeezed)
      linear("blocks.\(i).squeeze.expand", block.squeezed, block.expanded)
    }
    shapes.merge(attentionShapes) { ours, _ in ours }
    let classified = classifiedFeatures
    if head == .siameseTuned { norm("classifier.norm", classified) }
    linear("classifier", classified, 1)
    return shapes
  }

  private var attentionShapes: [String: [Int]] {
    switch attention {
    case .none: [:]
    case .autoAtt(let width): autoAttShapes(width)
    case .ltpa(let compatibility): ltpaShapes(compatibility)
    }
  }

  private var classifiedFeatures: Int {
    if case .ltpa = attention { return features * Self.ltpaStrides.count }
    return features
  }

  var attentionLevels: [Block] {
    switch attention {
    case .none: []
    case .autoAtt: [blocks[autoAttBottleneck + 1]]
    case .ltpa: ltpaBottlenecks.map { blocks[$0 + 1] }
    }
  }

  var warning: String? {
    guard case .ltpa(.parametrised) = attention else { return nil }
    return Compatibility.warning
  }

  func isTap(_ index: Int) -> Bool {
    guard case .ltpa = attention else { return false }
    return ltpaBottlenecks.contains(index - 1)
  }

  /// The gate stands behind its block: what follows sees gated features, the block's own output is without it.
  func isAttended(before index: Int) -> Bool {
    guard case .autoAtt = attention else { return false }
    return index == autoAttBottleneck + 2
  }

  func attend(_ x: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor {
    guard case .autoAtt(let width) = attention else { return x }
    return autoAtt(x, width, &flow, pass)
  }

  func run<P: Pass>(_ index: Int, _ x: P.Map, _ pass: P) -> P.Map {
    if index == 0 { return pass.convolve(x, stemConvolution, .silu) }
    if index > bottlenecks.count { return pass.convolve(x, headConvolution, .silu) }
    return bottleneck(x, index - 1, pass)
  }

  private func bottleneck<P: Pass>(_ input: P.Map, _ i: Int, _ pass: P) -> P.Map {
    var x = input
    if let expand = expand(i) { x = pass.convolve(x, expand, .silu) }
    x = pass.convolve(x, depthwise(i), .silu)
    let gate = pass.linear(
      pass.linear(pass.pool(x), "blocks.\(i).squeeze.reduce", .silu), "blocks.\(i).squeeze.expand", .sigmoid)
    x = pass.gate(x, by: gate)
    x = pass.convolve(x, project(i), .identity)
    guard bottlenecks[i].hasShortcut else { return x }
    return pass.sum(pass.dropPath(x, depth: Double(i) / Double(bottlenecks.count)), input)
  }

  func summarize<P: Pass>(_ x: P.Map, _ pass: P) -> P.Map { pass.pool(x) }

  func classify(_ pooled: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor {
    var x = pooled
    if case .ltpa(let compatibility) = attention { x = ltpa(x, compatibility, &flow, pass) }
    if head == .siameseTuned {
      let (n, c) = (x.shape[0], x.shape[1])
      // PyTorch's BatchNorm1d, whose ε is not EfficientNet's.
      x = pass.normalize(x.reshaped([n, c, 1, 1]), "classifier.norm", epsilon: 1e-5).reshaped([n, c])
    } else {
      x = pass.dropout(x)
    }
    return pass.linear(x, "classifier", .identity)
  }
}
