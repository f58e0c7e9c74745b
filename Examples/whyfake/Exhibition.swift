import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

/// Turns the explained faces of an analysis into files: maps and videos.
struct Exhibition {
  let analysis: Analysis
  /// What the explainers are, by their names.
  let methods: [String: Method]
  /// What the detectors say of each face's maps, by the track's number and the explainer's name.
  let examinations: [Int: [String: Examination]]
  /// The output folder.
  let folder: String
  /// How maps are laid over crops.
  let overlay = MapOverlay()
  /// Side of a crop in the videos, in pixels.
  let panelSide = 320

  /// Writes the files of every explained face. One that has no explanation is left out.
  func write(_ progress: (Double) -> Void) throws -> [Exhibit] {
    let tracks = analysis.tracks.filter(\.judged)
    return try tracks.enumerated().map { position, track in
      progress(Double(position) / Double(tracks.count))
      return try exhibit(track, prefix: position == 0 ? "overlay" : "overlay.track\(track.number)")
    }
  }

  private func exhibit(_ track: Analysis.Track, prefix: String) throws -> Exhibit {
    let maps = "maps/track\(track.number)"
    try FileManager.default.createDirectory(atPath: "\(folder)/\(maps)", withIntermediateDirectories: true)
    let items = try track.explanations.map { explanation in
      let map = explanation.map
      let relevance = map.relevance()
      let signed = map.signed()
      let item = Exhibit.Item(
        map: map, clip: explanation.clip, relevance: relevance, metrics: MapMetrics(relevance),
        relevanceFile: "\(maps)/\(map.explainer).npy",
        signedFile: signed.map { _ in "\(maps)/\(map.explainer).signed.npy" },
        segmentsFile: map.segments.map { _ in "\(maps)/\(map.explainer).segments.npy" },
        overlay: "\(prefix).\(map.explainer).mp4",
        method: methods[map.explainer] ?? Method(title: map.explainer),
        examination: examinations[track.number]?[map.explainer])
      if let segments = map.segments, let name = item.segmentsFile {
        let numbers = (0..<segments.supervoxels.count).map(Double.init)
        try segments.supervoxels.painted(numbers).writeNPY(to: "\(folder)/\(name)")
      }
      try relevance.values.writeNPY(to: "\(folder)/\(item.relevanceFile)")
      if let signed, let name = item.signedFile { try signed.writeNPY(to: "\(folder)/\(name)") }
      try film(item.overlay, durations: durations(track), width: panelSide, height: panelSide) { t in
        item.picture(t, side: panelSide, overlay: overlay)
      }
      return item
    }
    let exhibit = Exhibit(
      track: track, explanations: items, agreements: try agreements(items), overlay: "\(prefix).mp4")
    try sideBySide(exhibit)
    return exhibit
  }

  private func agreements(_ items: [Exhibit.Item]) throws -> [[Double?]] {
    var found = [[Double?]](repeating: .init(repeating: nil, count: items.count), count: items.count)
    let pairs = items.indices.flatMap { i in (i + 1..<items.count).map { (i, $0) } }.filter { i, j in
      items[i].examination != nil && items[i].clip.size == items[j].clip.size
    }
    let values = try ComputeRuntime.map(pairs.count) { n in
      Result { try Agreement(items[pairs[n].0].relevance, items[pairs[n].1].relevance).rankCorrelation }
    }.map { try $0.get() }
    for ((i, j), value) in zip(pairs, values) { (found[i][j], found[j][i]) = (value, value) }
    return found
  }

  /// The frame with its box, the crop, and the crop under each map.
  private func sideBySide(_ exhibit: Exhibit) throws {
    let (track, frames) = (exhibit.track, exhibit.track.clip.frames)
    let thumbnails = Dictionary(
      uniqueKeysWithValues: analysis.frames.compactMap { frame in
        frame.thumbnail.map { (frame.index, $0) }
      })
    let verdict = track.opinion.verdict
    let renderer = OverlayRenderer(
      heading: OverlayHeading(
        verdict: (verdict == .fake ? "Taken for a fake: " : "Not taken for a fake: ")
          + Words.percent(track.opinion.probability),
        target: Target(predictedBy: track.opinion.logit),
        subject: (analysis.input.path as NSString).lastPathComponent),
      panels: exhibit.explanations.map {
        OverlayPanel(title: $0.heading, note: $0.note)
      },
      indices: frames.map(\.index), times: frames.map(\.time),
      probabilities: track.logits.map { Opinion(logit: $0).probability },
      frameSize: thumbnails.isEmpty ? nil : (analysis.input.width, analysis.input.height),
      overlay: overlay, panelSide: panelSide)
    let layout = renderer.layout
    try film(exhibit.overlay, durations: durations(track), width: layout.width, height: layout.height) { t in
      let crop = track.clip.crops[t]
      let picture = renderer.render(
        OverlayFrame(
          position: t, picture: thumbnails[frames[t].index], box: frames[t].face?.box, crop: crop,
          relevance: exhibit.explanations.map { item in
            item.clip.size == crop.width
              ? item.plane(t) : [Float](repeating: 0, count: crop.width * crop.height)
          }))
      // An explainer whose model wants other crops shows its own.
      var canvas = Canvas(picture)
      for (item, panel) in zip(exhibit.explanations, layout.panels) where item.clip.crops[t] != crop {
        canvas.draw(item.picture(t, side: panelSide, overlay: overlay), x: panel.x, y: panel.y)
      }
      return canvas.image
    }
  }

  /// How long each of a track's frames is shown: until its next one, the last until the next sampled frame or the
  /// end of the video; half a second where there is no time.
  private func durations(_ track: Analysis.Track) -> [Double] {
    let frames = track.clip.frames
    return frames.indices.map { t in
      guard let time = frames[t].time else { return 0.5 }
      let next =
        t + 1 < frames.count
        ? frames[t + 1].time : analysis.frames.first { $0.index > frames[t].index }?.time
      let until = next ?? analysis.input.duration ?? time
      return until - time > 0.001 ? until - time : 0.04
    }
  }

  private func film(
    _ name: String, durations: [Double], width: Int, height: Int, _ picture: (Int) -> RGBImage
  ) throws {
    var writer = try VideoWriter(path: "\(folder)/\(name)", width: width, height: height)
    // Pictures are drawn a few at a time, each on a thread of its own.
    let together = 2 * ComputeRuntime.threads
    for first in stride(from: 0, to: durations.count, by: together) {
      let batch = first..<min(first + together, durations.count)
      let pictures = ComputeRuntime.map(batch.count) { picture(first + $0) }
      for (t, image) in zip(batch, pictures) { try writer.append(image, duration: durations[t]) }
    }
    try writer.finish()
  }
}
