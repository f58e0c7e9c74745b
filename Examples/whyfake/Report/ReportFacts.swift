import Detector
import FaceCrop
import Foundation
import VideoIO
import WhyFake

extension Report {
  /// How far to trust it.
  func trust() -> HTML {
    let model = analysis.model
    let knows =
      model.trainingData.map { "It was trained on: \(Words.sentence($0)) " }
      ?? "What it was trained on is not said. "
    let does =
      model.performance.map {
        "Its model card says: \(Words.sentence($0)) Those figures hold for material like that which it was "
          + "measured on; on other material it does worse."
      } ?? "Its model file gives no figures: take its word with care."
    let share = "\(analysis.frames.count) of \(Words.grouped(analysis.input.frameCount))"
    var points: [HTML] = [
      """
      <b>What the detector knows.</b> \(knows)Makers of fakes move on: what was made by other methods often \
      passes unseen, and genuine video that was filtered, retouched, strongly compressed or filmed from a screen \
      may be taken for a fake.
      """,
      """
      <b>How often it is right.</b> \(does)
      """,
      """
      <b>What the percentage is.</b> It is the detector's own number. How likely it is that this video is a fake \
      also depends on where it comes from: where fakes are rare, most alarms are false.
      """,
      """
      <b>What a map is.</b> It shows where the detector's number came from, not where the picture was \
      altered. A detector can be right for wrong reasons, and a map is no proof of either.
      """,
    ]
    switch analysis.input.kind {
    case .video:
      points.append(
        """
        <b>What was not looked at.</b> \(share) frames were looked at, and only faces in them: no sound, no \
        lip movement, no background, no history of the file.
        """)
    case .image, .clip:
      points.append(
        """
        <b>What was not looked at.</b> Only the face was looked at: not the background, not the history of \
        the file.
        """)
    }
    points.append(
      "<b>What to do.</b> Look for the source, for other copies and for witnesses before you rely on this.")
    let items: [HTML] = points.map { "<li>\($0)</li>\n" }
    return "<section><h2>How far to trust it</h2>\n<ul class=\"trust\">\n\(items)</ul></section>"
  }

  /// What was run on what.
  func facts() -> HTML {
    let (input, model) = (analysis.input, analysis.model)
    var rows: [(String, String)] = [
      ("file", name),
      ("SHA-256", provenance.sha256),
      ("size", "\(Words.grouped(provenance.bytes)) bytes"),
      (
        "picture",
        "\(input.width)×\(input.height) pixels"
          + (input.rotation == 0 ? "" : ", turned by \(input.rotation)°")
      ),
    ]
    if let duration = input.duration, let rate = input.frameRate {
      rows.append(
        (
          "length",
          "\(Words.number(duration, 2)) s, \(Words.grouped(input.frameCount)) frames, "
            + "\(Words.number(rate, 2)) a second"
        ))
    } else if input.frameCount > 1 {
      rows.append(("length", Words.count(input.frameCount, "frame")))
    }
    if let codec = input.codec { rows.append(("codec", codec)) }
    if let colour = input.colour { rows.append(("colour", colour)) }
    let faces = analysis.tracks.map { track in
      "face \(track.number + 1) in \(Words.count(track.clip.frames.count, "frame"))"
        + (track.judged ? "" : " (too few to judge)")
    }
    rows.append(("frames looked at", analysis.frames.map { String($0.index) }.joined(separator: ", ")))
    rows.append(("faces", faces.isEmpty ? "none" : faces.joined(separator: ", ")))
    rows += [
      ("model", "\(model.name) (\(model.architecture), \(model.inputSize)×\(model.inputSize) pixels)"),
      ("trained on", model.trainingData ?? "not said"),
      ("measured", model.performance ?? "not said"),
      ("source", model.source ?? "not said"),
      ("licence", model.licence ?? "not said"),
      ("crop", model.cropPolicy.name),
      ("explained", "class \(provenance.target) by " + provenance.explainers.joined(separator: ", ")),
      ("seen where something is taken away", provenance.options.chosenReplacement.words),
      ("seed of what is drawn", "\(provenance.seed)"),
      ("computed by", "WhyFake \(Analyzer.version), \(provenance.computedBy), libav \(provenance.decoder)"),
      ("to do it again", provenance.command),
    ]
    rows += provenance.parameters.sorted { $0.key < $1.key }.map {
      ("SHA-256 of the parameters of \($0.key)", $0.value)
    }
    let cells: [HTML] = rows.map { row -> HTML in
      let value: HTML =
        row.0.hasPrefix("SHA-256") || ["file", "to do it again"].contains(row.0)
        ? "<code>\(row.1)</code>" : "\(row.1)"
      return "<tr><th scope=\"row\">\(row.0)</th><td>\(value)</td></tr>\n"
    }
    return "<section><h2>What was run on what</h2>\n<table>\(cells)</table></section>"
  }

  /// How long it took.
  func timings() -> HTML {
    let total = provenance.timings.reduce(0) { $0 + $1.seconds }
    let rows: [HTML] = (provenance.timings + [("together", total)]).map { row -> HTML in
      """
      <tr><th scope="row">\(row.stage)</th><td class="number">\(Words.number(row.seconds, 2)) s</td></tr>

      """
    }
    return "<section><h2>How long it took</h2>\n<table>\(rows)</table></section>"
  }
}
