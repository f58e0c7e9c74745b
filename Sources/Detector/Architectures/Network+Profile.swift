public import Tensor

/// What one stage of a network's execution plan does, and the time that it took.
public struct StageProfile: Sendable {
  /// Such as `depthwise 5×5/2 of 192, from 32 by 1×1`.
  public let name: String
  /// Images that it worked on; a stage that works image by image is listed once for each.
  public let images: Int
  /// Floating-point operations that the layer needs: two for each multiply-add.
  public let operations: Double
  /// Bytes of its weights.
  public let weightBytes: Double
  /// Bytes of the maps that it reads and writes.
  public let mapBytes: Double
  /// Seconds, the median of the runs.
  public let seconds: Double
}

extension Network {
  /// Times the stages of the plan by which all threads together compute the logits of `x`, `[N, 3, H, W]` with N up to 8.
  /// (``logits(_:)`` leaves images to single threads where there are as many.)
  ///
  /// - Returns: the stages in their order; empty for a network without a plan, or with attention between its blocks.
  public func profile(_ x: Tensor, runs: Int) -> [StageProfile] {
    guard let plan = plan(for: x), runs > 0 else { return [] }
    let stages = plan.summaries
    var times = [[Double]](repeating: [], count: stages.count)
    for _ in 0..<runs {
      var seconds = [Double](repeating: 0, count: stages.count)
      seconds.withUnsafeMutableBufferPointer { _ = plan.run(x, timing: $0) }
      for (i, time) in seconds.enumerated() { times[i].append(time) }
    }
    return zip(stages, times).map { stage, times in
      StageProfile(
        name: stage.name, images: stage.images, operations: stage.operations, weightBytes: stage.weightBytes,
        mapBytes: stage.mapBytes, seconds: times.sorted()[times.count / 2])
    }
  }
}
