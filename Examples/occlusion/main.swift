// One's own explainer in one file:  occlusion VIDEO
// Covers one square of the face after the other with grey, asks the detector again, and shows by how much its
// logit drops: where it drops, the face spoke for fake (Zeiler & Fergus 2014).
import Detector
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

struct Occlusion: Explainer {
  let name = "occlusion"
  let detector: any Classifier
  /// Squares in each direction.
  let grid: Int

  func explain(_ clip: Clip, for target: Target, context: ExplanationContext) throws -> ExplanationMap {
    let start = ContinuousClock.now
    let whole = try detector.logits(clip.tensor()).elements
    var drops = [Float](repeating: 0, count: whole.count * grid * grid)
    for square in 0..<grid * grid {
      try context.report(Double(square) / Double(grid * grid))
      let covered = try detector.logits(cover(clip, square).tensor()).elements
      for t in whole.indices { drops[t * grid * grid + square] = whole[t] - covered[t] }
    }
    return ExplanationMap(
      explainer: name, model: detector.info.name, target: target,
      values: Tensor(shape: [whole.count, grid, grid], drops),
      size: clip.size, logits: whole,
      cost: .init(
        framePasses: whole.count * (grid * grid + 1), seconds: (ContinuousClock.now - start) / .seconds(1)))
  }

  private func cover(_ clip: Clip, _ square: Int) -> Clip {
    let (row, column, size) = (square / grid, square % grid, clip.size)
    let crops = clip.crops.map { crop in
      var crop = crop
      for y in row * size / grid..<(row + 1) * size / grid {
        for x in column * size / grid..<(column + 1) * size / grid { crop[x, y] = (128, 128, 128) }
      }
      return crop
    }
    return Clip(track: clip.track, frames: clip.frames, crops: crops)
  }
}

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: occlusion VIDEO\n".utf8))
  exit(64)
}
do {
  let detector = try DeepfakeDetector(named: ModelZoo.defaultModel)
  let options = AnalysisOptions(frames: 4, explainers: [Occlusion(detector: detector, grid: 6)])
  let analysis = try Analyzer(detector: detector).analyze(CommandLine.arguments[1], options: options)
  print("verdict:", analysis.verdict.rawValue)
  for track in analysis.tracks {
    for map in track.explanations.map(\.map) {
      print("face \(track.number), how far the logit drops where its first crop is covered:")
      for y in 0..<map.values.shape[1] {
        print((0..<map.values.shape[2]).map { String(format: "%+6.2f", map.values[0, y, $0]) }.joined())
      }
    }
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
