public import Tensor

/// An ``Architecture`` with weights: computes logits, activations and attention of normalised pictures.
public struct Network: Sendable {
  /// What it is.
  public let architecture: Architecture
  /// How convolutions are padded.
  public let padding: Padding
  /// BatchNorm's ε.
  public let epsilon: Float
  /// All parameters and running statistics, under the names of ``Architecture/parameterShapes``.
  public let parameters: [String: Tensor]
  let layout: any NetworkLayout
  private let filters: InferenceFilters
  let plans: NetworkPlans?
  private let gradientRuns: InputGradients?
  let trainingMemory = TrainingMemory()

  /// Whether `other` is a copy of this network.
  func isSame(as other: Network) -> Bool { filters === other.filters }

  /// A network from its parameters.
  ///
  /// - Parameters:
  ///   - padding: ignored by MesoNet, whose ports agree.
  ///   - parameters: exactly the tensors of ``Architecture/parameterShapes``.
  /// - Throws: ``DetectorError`` that lists what is missing, unknown or of another shape.
  public init(
    _ architecture: Architecture, padding: Padding, epsilon: Float, parameters: [String: Tensor]
  ) throws(DetectorError) {
    try TensorDifference(
      expected: architecture.parameterShapes, found: parameters.mapValues(\.shape)
    ).check(architecture.name)
    self.architecture = architecture
    self.padding = padding
    self.epsilon = epsilon
    self.parameters = parameters
    layout = architecture.layout
    filters = InferenceFilters(parameters, epsilon: epsilon)
    let plannable = layout as? any PlannableLayout
    plans = plannable.map { [filters] in NetworkPlans($0, filters) }
    // What taps and attention add to a gradient the passes do not know.
    let isPlain = !layout.blocks.indices.contains { [layout] in
      layout.isTap($0) || layout.isAttended(before: $0)
    }
    gradientRuns = (isPlain ? plannable : nil).map { [filters] in
      InputGradients($0, filters, parameters, epsilon: epsilon)
    }
  }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`.
  public func logits(_ x: Tensor) -> Tensor { attention(x).logits }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`, and the attention map `[N, h, w]` of each of the
  /// architecture's levels.
  public func attention(_ x: Tensor) -> (logits: Tensor, maps: [Tensor]) {
    var flow = Flow()
    let pass = inference(x)
    let (_, summary) = run(x, 0..<architecture.blocks.count, keeping: [], &flow, pass)
    return (classify(summary, &flow, pass), flow.maps)
  }

  /// The output of each block in turn, before the classifier, for pictures `[N, 3, H, W]`.
  public func activations(_ x: Tensor) -> [Tensor] {
    var flow = Flow()
    let blocks = 0..<architecture.blocks.count
    return run(x, blocks, keeping: Array(blocks), &flow, inference(x)).kept
  }

  /// The activations of blocks `indices`, and the logits as a function of them: those of the first block are a tracked
  /// leaf, which the others are computed from.
  func split(_ x: Tensor, at indices: [Int]) -> (activations: [Tensor], logits: Tensor) {
    let pass = inference(x)
    var flow = Flow()
    let sorted = Set(indices).sorted()
    let first = run(x, 0..<sorted[0] + 1, keeping: [sorted[0]], &flow, pass).kept[0].tracked()
    if layout.isTap(sorted[0]) { flow.taps[flow.taps.count - 1] = first }
    let blocks = sorted[0] + 1..<architecture.blocks.count
    let (kept, summary) = run(first, blocks, keeping: Array(sorted.dropFirst()), &flow, pass)
    let activations = [first] + kept
    return (
      indices.map { activations[sorted.firstIndex(of: $0)!] }, classify(summary, &flow, pass)
    )
  }

  /// Logits `[N]` of normalised pictures `[N, 3, H, W]`, and the gradient of each picture's logit with respect to it.
  ///
  /// A network without taps and attention runs by fixed-statistics passes (`Documentation/Training.md`), others by
  /// recorded tensor operations.
  func inputGradients(_ x: Tensor) -> (logits: Tensor, gradients: Tensor) {
    let pass = inference(x)
    // Each image writes its own.
    let logits = Tensor(shape: [x.shape[0]], repeating: 0)
    nonisolated(unsafe) let out = logits.storage.pointer
    let found = gradientRuns?(x, padding: pass.padding) { image, summary in
      var flow = Flow()
      let leaf = summary.tracked()
      let logit = classify(leaf, &flow, pass)
      out[image] = logit.scalar
      return logit.gradients(of: [leaf])[0]
    }
    return found.map { (logits, $0) } ?? recordedInputGradients(x)
  }

  /// The same by recorded tensor operations.
  package func recordedInputGradients(_ x: Tensor) -> (logits: Tensor, gradients: Tensor) {
    let leaf = x.detached().tracked()
    let logits = logits(leaf)
    return (logits.detached(), logits.gradients(of: [leaf])[0])
  }

  /// Runs `blocks` on the output of the one before; what the classifier looks at besides goes to `flow`.
  ///
  /// - Returns: the outputs of the blocks `kept`, and what the classifier sees of the last one.
  func run(
    _ x: Tensor, _ blocks: Range<Int>, keeping kept: [Int], _ flow: inout Flow, _ pass: some TensorPass
  ) -> (kept: [Tensor], summary: Tensor) {
    if let plans, let pass = pass as? InferencePass, !x.isTracked, !blocks.isEmpty {
      return run(x, blocks, keeping: kept, &flow, pass, plans)
    }
    var (x, outputs) = (x, [Tensor]())
    for index in blocks {
      if layout.isAttended(before: index) { x = layout.attend(x, &flow, pass) }
      x = layout.run(index, x, pass)
      if layout.isTap(index) { flow.taps.append(x) }
      if kept.contains(index) { outputs.append(x) }
    }
    return (outputs, layout.summarize(x, pass))
  }

  /// The same by execution plans, from one place of attention to the next.
  private func run(
    _ x: Tensor, _ blocks: Range<Int>, keeping kept: [Int], _ flow: inout Flow, _ pass: InferencePass,
    _ plans: NetworkPlans
  ) -> (kept: [Tensor], summary: Tensor) {
    let starts = blocks.filter { $0 == blocks.lowerBound || layout.isAttended(before: $0) }
    var (x, outputs, summary) = (x, [Tensor](), x)
    for (start, end) in zip(starts, starts.dropFirst() + [blocks.upperBound]) {
      if layout.isAttended(before: start) { x = layout.attend(x, &flow, pass) }
      let isLast = end == blocks.upperBound
      // A map that nobody asked for is not handed out: the classifier sees its summary.
      let wanted = (start..<end).filter {
        kept.contains($0) || layout.isTap($0) || !isLast && $0 == end - 1
      }
      let task = NetworkPlans.Task(blocks: start..<end, kept: wanted, summarizes: isLast)
      let result = plans.run(task, x, padding: pass.padding)
      for (index, output) in zip(wanted, result.kept) {
        if layout.isTap(index) { flow.taps.append(output) }
        if kept.contains(index) { outputs.append(output) }
        x = output
      }
      if let last = result.summary { summary = last }
    }
    return (outputs, summary)
  }

  /// The plan for the logits of `x`, if there is a single one.
  func plan(for x: Tensor) -> ExecutionPlan? {
    let blocks = 0..<architecture.blocks.count
    guard let plans, x.shape[0] <= NetworkPlans.batch, !blocks.contains(where: layout.isAttended) else {
      return nil
    }
    let task = NetworkPlans.Task(blocks: blocks, kept: blocks.filter(layout.isTap), summarizes: true)
    return plans.plan(task, x.shape, paddings(x), threads: ComputeRuntime.threads)
  }

  func classify(_ summary: Tensor, _ flow: inout Flow, _ pass: some TensorPass) -> Tensor {
    layout.classify(summary, &flow, pass).reshaped([summary.shape[0]])
  }

  private func inference(_ x: Tensor) -> InferencePass {
    InferencePass(padding: paddings(x), parameters: parameters, filters: filters, epsilon: epsilon)
  }

  func paddings(_ x: Tensor) -> [String: Tensor.Padding] {
    padding.paddings(
      for: layout.layers, height: x.shape[2], width: x.shape[3], nativeSize: layout.nativeSize)
  }
}
