import CWhyFakeTensor

/// Makes stages of a graph: decides what is computed together, where every map lies, and which part of the work is
/// done image by image.
struct Planner {
  let graph: NetworkGraph
  let wanted: [NetworkGraph.Value]
  let images: Int
  let threads: Int

  var stages: [wf_stage] = []
  private(set) var summaries: [ExecutionPlan.StageSummary] = []
  private(set) var outputs: [ExecutionPlan.Output] = []
  var filters: [PackedFilter] = []
  private(set) var arenaSize = 0

  let fusion: Fusion
  var arena = Arena()
  var locations: [Int: Location] = [:]
  /// The images that are being planned.
  var batch: Range<Int>

  /// Where a value lies, from the first image of the batch that holds it.
  struct Location {
    var place: wf_place
    var pitch: Int
    /// Floats of an image.
    var floats: Int
    /// Sums in place of a mean: rows to be added up and what their sum is multiplied with.
    var sum: (rows: Int, scale: Float)?
    /// Whether it holds the images of the whole run.
    var isWhole: Bool
  }

  /// What is computed for all images at once may take so many bytes a map: more, and it goes image by image, to stay
  /// in the cache that the cores share.
  private static let wholeMapBytes = 16 << 20

  init(_ graph: NetworkGraph, outputs: [NetworkGraph.Value], images: Int, threads: Int) {
    precondition(
      images > 0 && threads > 0 && !outputs.isEmpty, "ExecutionPlan: \(images) images, \(threads) threads")
    self.graph = graph
    wanted = outputs
    self.images = images
    self.threads = threads
    fusion = Fusion(graph, outputs: outputs)
    batch = 0..<images
  }

  mutating func plan() {
    for (i, value) in wanted.enumerated() { outputs.append(output(value, i)) }
    let border = firstWholeOperation()
    for index in 0..<border where fusion.crosses(graph.values[index], border) { reserve(graph.values[index]) }
    for image in 0..<(border > 0 ? images : 0) {
      batch = image..<image + 1
      locations = locations.filter(\.value.isWhole)
      for index in 0..<border { emit(index) }
    }
    batch = 0..<images
    for index in border..<graph.operations.count { emit(index) }
    lookAhead()
    arenaSize = arena.arrange()
    for i in stages.indices { arena.settle(&stages[i]) }
  }

  /// Lets each stage with much arithmetic fetch the weights of those that follow, up to the next such one's. Weights are
  /// read once a batch, from memory; a network's filters lie in the order in which they are read.
  private mutating func lookAhead() {
    let heavy = stages.indices.filter {
      stages[$0].kind == WF_DEPTHWISE && stages[$0].weights != nil
        || stages[$0].kind == WF_POINTWISE && stages[$0].height * stages[$0].width > 1
    }
    for (i, next) in zip(heavy, heavy.dropFirst()) {
      let coming = stages[i + 1...next].filter { $0.weights != nil }
      let ranges = coming.map { ($0.weights!, $0.weights! + Self.weightFloats($0)) }
      guard let first = ranges.map(\.0).min(), let last = ranges.map(\.1).max() else { continue }
      let floats = last - first
      // Not where they lie apart, nor what stays in the cache of its own.
      guard floats < 2 * coming.reduce(0, { $0 + Self.weightFloats($1) }) + 1 << 16, floats > 1 << 14 else {
        continue
      }
      (stages[i].ahead, stages[i].aheadFloats) = (first, floats)
    }
  }

  private static func weightFloats(_ stage: wf_stage) -> Int {
    stage.kind == WF_DEPTHWISE
      ? stage.middle * stage.channels : stage.outPitch * stage.channels * stage.kernel * stage.kernel
  }

  // MARK: Values

  private func output(_ value: NetworkGraph.Value, _ i: Int) -> ExecutionPlan.Output {
    switch graph.operations[value.index] {
    case .pooled(let x):
      let (rows, scale) = sum(of: x)
      return ExecutionPlan.Output(
        shape: [images, value.channels], sum: (rows, PackedFilter.pitch(x.channels), scale))
    case .linear: return ExecutionPlan.Output(shape: [images, value.channels])
    default: return ExecutionPlan.Output(shape: [images, value.channels, value.height, value.width])
    }
  }

  /// The mean over the plane of `x` as its stage leaves it: sums to be added up, and what with their sum is multiplied.
  private func sum(of x: NetworkGraph.Value) -> (rows: Int, scale: Float) {
    (fusion.isDepthwise(x) ? x.height : 1, 1 / Float(x.height * x.width))
  }

  private func floats(_ value: NetworkGraph.Value) -> Int {
    value.height * value.width * PackedFilter.pitch(value.channels)
  }

  /// A place of its own for a value of the current batch.
  mutating func reserve(_ value: NetworkGraph.Value) {
    let isWhole = batch.count == images
    var location = Location(
      place: wf_place(), pitch: PackedFilter.pitch(value.channels), floats: floats(value), isWhole: isWhole)
    if case .pooled(let x) = graph.operations[value.index] {
      let sum = sum(of: x)
      location.sum = sum
      location.floats = sum.rows * location.pitch
    }
    if location.sum != nil, let i = wanted.firstIndex(of: value) {
      // Sums that were asked for lie where they are handed out.
      location.place = wf_place(base: Int32(2 + i), offset: 0)
      location.isWhole = true
    } else {
      location.place = arena.buffer(location.floats * batch.count, at: stages.count)
    }
    locations[value.index] = location
  }

  /// Where the current batch of a value lies.
  mutating func place(_ value: NetworkGraph.Value) -> wf_place {
    let location = locations[value.index]!
    arena.touch(location.place, at: stages.count)
    var place = location.place
    if location.isWhole { place.offset += location.floats * batch.lowerBound }
    return place
  }

  static let nowhere = wf_place(base: -1, offset: 0)

  // MARK: Image by image

  /// The first operation from which on all images are computed at once. Before it there is one value that is used
  /// after it.
  private func firstWholeOperation() -> Int {
    guard images > 1 else { return 0 }
    let count = graph.operations.count
    let last = graph.values.lastIndex { floats($0) * images * 4 > Self.wholeMapBytes }
    guard var border = last.map({ $0 + 1 }) else { return 0 }
    func isClean(_ border: Int) -> Bool {
      (0..<border).filter { fusion.crosses(graph.values[$0], border) }.count <= 1
        && (0..<border).allSatisfy {
          fusion.root($0) < border && fusion.pooled(graph.values[$0])?.index ?? 0 < border
        }
    }
    while border < count && !isClean(border) { border += 1 }
    return border
  }

  // MARK: Stages

  private mutating func emit(_ index: Int) {
    guard fusion.root(index) == index else { return }
    let value = graph.values[index]
    switch graph.operations[index] {
    case .gated: break
    case .input: if fusion.isReadAsMap(value) { interleave(value) }
    case .pooled(let x): precondition(fusion.pooled(x) == value, "ExecutionPlan: nothing pools \(x)")
    case .convolution(_, let filter, _, _, _):
      switch filter.kind {
      case .dense: dense(index)
      case .depthwise: depthwise(index)
      case .pointwise: pointwise(value, convolution: index, sum: nil)
      }
      handOut(value)
    case .linear(let x, let filter, let activation):
      linear(value, x, filter, activation)
      handOut(value)
    case .sum(let a, let b, let activation):
      let (convolution, other) = fusion.root(a.index) == index ? (a, b) : (b, a)
      precondition(fusion.root(convolution.index) == index, "ExecutionPlan: a sum without a convolution")
      pointwise(value, convolution: convolution.index, sum: (other, activation))
      handOut(value)
    case .maxPooled(let x, let size):
      var stage = mapStage(WF_MAX_POOL, x, value)
      (stage.kernel, stage.stride, stage.blockRows) = (size, size, 4)
      stage.tasks = batch.count * ((value.height + 3) / 4)
      add(stage, "largest of \(size)×\(size)", value, operations: 0, weights: 0)
      handOut(value)
    }
  }

  mutating func add(
    _ stage: wf_stage, _ name: String, _ value: NetworkGraph.Value, operations: Int, weights: Int
  ) {
    let input = stage.images * stage.height * stage.width * stage.channels
    let output = stage.images * stage.outHeight * stage.outWidth * stage.outChannels
    let residual = stage.residual.base == -1 ? 0 : output
    stages.append(stage)
    summaries.append(
      ExecutionPlan.StageSummary(
        name: name, images: stage.images, tasks: stage.tasks,
        operations: 2 * Double(operations * batch.count),
        weightBytes: Double(4 * weights),
        mapBytes: Double(4 * (input + output + residual))))
  }

  /// A stage from the map `x` to `value`, which gets a place unless it has one.
  mutating func mapStage(
    _ kind: wf_stage_kind, _ x: NetworkGraph.Value, _ value: NetworkGraph.Value
  ) -> wf_stage {
    var stage = blankStage(kind)
    (stage.height, stage.width, stage.channels) = (x.height, x.width, x.channels)
    (stage.outHeight, stage.outWidth, stage.outChannels) = (value.height, value.width, value.channels)
    if locations[value.index] == nil { reserve(value) }
    stage.input = place(x)
    stage.output = place(value)
    (stage.pitch, stage.outPitch) = (locations[x.index]!.pitch, locations[value.index]!.pitch)
    return stage
  }

  func blankStage(_ kind: wf_stage_kind) -> wf_stage {
    var stage = wf_stage()
    stage.kind = kind
    stage.images = batch.count
    (stage.input, stage.output, stage.residual) = (Self.nowhere, Self.nowhere, Self.nowhere)
    (stage.gate, stage.sums) = (Self.nowhere, Self.nowhere)
    (stage.kernel, stage.stride, stage.scale) = (1, 1, 1)
    return stage
  }
}
