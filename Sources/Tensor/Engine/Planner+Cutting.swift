import CWhyFakeTensor

// How a stage's work is cut into tasks. Cuts follow from sizes and the number of threads; no sum runs over tasks, so
// that results do not depend on them.

extension Planner {
  /// The panels of a chunk of a depthwise convolution's channels: three are best, and there must be no rest.
  static func chunkPanels(_ channels: Int) -> Int {
    let panels = PackedFilter.pitch(channels) / Int(WF_PANEL)
    return [3, 2].first { panels % $0 == 0 } ?? 1
  }

  /// Chunks are tasks; where they do not share out evenly, the planes of the last ones are cut into strips, at the
  /// price of computing some rows of the widened map twice.
  func cutDepthwise(_ stage: inout wf_stage) {
    stage.blockPanels = Self.chunkPanels(stage.outChannels)
    let chunks = stage.middle / Int(WF_PANEL) / stage.blockPanels
    let twice = stage.weights == nil ? 0.2 : 0.7
    let overlap = twice * Double(stage.kernel - stage.stride) / Double(stage.height)
    var best = (time: Double.infinity, whole: chunks, strips: 1)
    for whole in Set([chunks, chunks - 1, chunks - 2, chunks - chunks % threads, 0]) where whole >= 0 {
      for strips in [1, 2, 3, 4, 6, 8, 12, 16]
      where (strips == 1) == (whole == chunks) && strips * 4 <= stage.outHeight {
        let tasks = (whole * stage.images, (chunks - whole) * stage.images * strips)
        let time =
          makespan([(tasks.0, 1), (tasks.1, 1 / Double(strips) + overlap)]) + 0.002 * Double(tasks.1)
        if time < best.time { best = (time, whole, strips) }
      }
    }
    (stage.wholeChunks, stage.strips) = (best.whole, best.strips)
    stage.tasks = best.whole * stage.images + (chunks - best.whole) * stage.images * best.strips
  }

  /// Blocks of rows, and of panels where there are few rows.
  func cutPointwise(_ stage: inout wf_stage) {
    let plane = stage.height * stage.width
    let rows = stage.images * plane
    let panels = stage.outPitch / Int(WF_PANEL)
    let isGated = stage.gate.base != -1
    // Gating the weights or the rows rounds differently: which of them follows from the sizes alone.
    stage.gatesWeights = isGated && panels * 32 <= plane && panels * stage.channels <= 1 << 12
    let gathered = stage.parts > 0 || isGated && !stage.gatesWeights
    // Rows of different images are neighbours unless their channels lie in chunks.
    stage.cutsImages = (gathered || !isGated && stage.chunk == stage.pitch) && stage.sums.base == -1
    let unit = stage.cutsImages ? rows : plane
    var best = (time: Double.infinity, rows: unit, panels: panels)
    // Whole tiles of eight rows; what is gathered must stay in a core's own cache.
    let most = gathered ? max(8, (1 << 17) / stage.channels) : 512
    let fewest = (unit + most - 1) / most
    let rowChoices = Set((fewest..<fewest + 64).map { (unit + 8 * $0 - 1) / (8 * $0) * 8 })
    for blockRows in stage.sums.base == -1 ? rowChoices.sorted() : [plane] {
      for parts in 1...max(1, min(panels, 2 * threads)) {
        let blockPanels = (panels + parts - 1) / parts
        // In the time of a multiply-add of one vector. Weights come through the cache once a task.
        let depth = Double(stage.channels)
        var time = depth * Double(blockRows * blockPanels) + depth * Double(blockPanels) * 2 + 500
        if gathered { time += Double(max(stage.parts, 1) * blockRows) * depth / 16 * 2 }
        if stage.gatesWeights { time += depth * Double(blockPanels) * 2 }
        let end = makespan([(tasks(rows / unit, unit, blockRows, panels, blockPanels), time)])
        if end < best.time { best = (end, blockRows, blockPanels) }
      }
    }
    (stage.blockRows, stage.blockPanels) = (best.rows, best.panels)
    stage.tasks = tasks(rows / unit, unit, best.rows, panels, best.panels)
  }

  private func tasks(_ units: Int, _ rows: Int, _ blockRows: Int, _ panels: Int, _ blockPanels: Int) -> Int {
    units * ((rows + blockRows - 1) / blockRows) * ((panels + blockPanels - 1) / blockPanels)
  }

  /// When the last thread is done, if each takes the next task of groups of equal ones.
  private func makespan(_ groups: [(count: Int, time: Double)]) -> Double {
    var free = [Double](repeating: 0, count: threads)
    for (count, time) in groups {
      let rounds = count / threads
      for i in free.indices { free[i] += Double(rounds) * time }
      free.sort()
      for i in 0..<count % threads { free[i] += time }
    }
    return free.max()!
  }
}
