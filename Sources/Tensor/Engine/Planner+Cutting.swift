import CWhyFakeTensor

// How a stage's work is cut into tasks. Cuts follow from sizes and the number of threads; no sum runs over tasks, so
// that results do not depend on them.

extension Planner {
  /// Chunks of three panels; where they do not share out evenly, the planes of the last ones are cut into strips, at the
  /// price of computing some rows of the widened map twice.
  func cutDepthwise(_ stage: inout wf_stage) {
    let panels = stage.middle / Int(WF_PANEL)
    stage.blockPanels = min(3, panels)
    let chunks = (panels + stage.blockPanels - 1) / stage.blockPanels
    let units = chunks * stage.images
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
    precondition(units > 0)
  }

  /// Blocks of rows, and of panels where there are few rows.
  func cutPointwise(_ stage: inout wf_stage) {
    let plane = stage.height * stage.width
    let rows = stage.images * plane
    let panels = stage.outPitch / Int(WF_PANEL)
    let gathers = stage.parts > 0 || stage.gate.base != -1
    var best = (time: Double.infinity, rows: rows, panels: panels)
    let rowChoices =
      stage.sums.base != -1
      ? [plane] : [8, 16, 24, 32, 48, 64, 96, 144].filter { $0 < rows } + (rows <= 192 ? [rows] : [])
    for blockRows in rowChoices {
      for parts in 1...max(1, min(panels, 2 * threads)) {
        let blockPanels = (panels + parts - 1) / parts
        let tasks = ((rows + blockRows - 1) / blockRows) * ((panels + blockPanels - 1) / blockPanels)
        // In the time of a multiply-add of one vector.
        let depth = Double(stage.channels)
        var time = depth * Double(blockRows * blockPanels)
        // Weights come through the cache once a task, rows to be gathered too.
        time += depth * Double(blockPanels) * 2
        if gathers { time += Double(max(stage.parts, 1) * blockRows) * depth / 16 * 2 }
        time = makespan([(tasks, time + 500)])
        if time < best.time { best = (time, blockRows, blockPanels) }
      }
    }
    (stage.blockRows, stage.blockPanels) = (best.rows, best.panels)
    stage.tasks = ((rows + best.rows - 1) / best.rows) * ((panels + best.panels - 1) / best.panels)
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
