// One's own explainer in one file:  mirror VIDEO
// A face is almost the mirror image of itself. Each square of it is replaced by the one on the other side, turned round,
// the detector is asked again, and the map says by how much its logit drops: where it drops, this half spoke for fake
// and the other half does not.
import Detector
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

struct MirrorTest: Explainer {
  let name = "mirror"
  let detector: any Classifier
  /// Squares in each direction.
  let grid: Int

  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap {
    let start = ContinuousClock.now
    let whole = try detector.logits(clip.tensor()).elements
    var drops = [Float](repeating: 0, count: whole.count * grid * grid)
    for square in 0..<grid * grid {
      try context.report(Double(square) / Double(grid * grid))
      let turned = try detector.logits(turn(square, of: clip).tensor()).elements
      for t in whole.indices { drops[t * grid * grid + square] = whole[t] - turned[t] }
    }
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target,
      values: Tensor(shape: [whole.count, grid, grid], drops),
      size: clip.size, logits: whole,
      cost: .init(
        framePasses: whole.count * (grid * grid + 1), seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  private func turn(_ square: Int, of clip: Clip) -> Clip {
    let (row, column, size) = (square / grid, square % grid, clip.size)
    let crops = clip.crops.map { crop in
      var turned = crop
      for y in row * size / grid..<(row + 1) * size / grid {
        for x in column * size / grid..<(column + 1) * size / grid { turned[x, y] = crop[size - 1 - x, y] }
      }
      return turned
    }
    return Clip(track: clip.track, frames: clip.frames, crops: crops)
  }
}

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: mirror VIDEO\n".utf8))
  exit(64)
}
do {
  let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
  let options = AnalysisOptions(frames: 4, explainers: [MirrorTest(detector: detector, grid: 6)])
  let analysis = try Analyzer(detector: detector).analyze(CommandLine.arguments[1], options: options)
  print("verdict:", analysis.verdict.rawValue)
  for track in analysis.tracks {
    for map in track.explanations.map(\.map) {
      print("face \(track.number), how far the logit drops where its first crop is mirrored:")
      for y in 0..<map.values.shape[1] {
        print((0..<map.values.shape[2]).map { String(format: "%+6.2f", map.values[0, y, $0]) }.joined())
      }
    }
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
