import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import WhyFake

/// `report.html`: one page that stands alone, for somebody who has to decide what to make of a video.
struct Report {
  let analysis: Analysis
  let exhibits: [Exhibit]
  let provenance: Provenance
  /// How maps are laid over crops.
  let overlay: MapOverlay

  var name: String { (analysis.input.path as NSString).lastPathComponent }

  func html() throws -> String {
    let page: HTML = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(name): \(headline)</title>
      <style>\(HTML(stringLiteral: reportStyle))</style>
      </head>
      <body>
      <main>
      <h1>WhyFake report on \(name)</h1>
      \(try verdict())
      \(notes())
      \(try faces())
      \(trust())
      \(facts())
      \(timings())
      <footer>Made by WhyFake \(Analyzer.version) on \(provenance.created). The folder that this page came in \
      also holds the maps as arrays, the videos and <code>explanation.json</code> with every number.</footer>
      </main>
      </body>
      </html>

      """
    return page.description
  }

  // MARK: The verdict

  private var headline: String {
    switch analysis.verdict {
    case .fake: "taken for a fake"
    case .real: "not taken for a fake"
    case .noFace: "no face found"
    case .undecided: "undecided"
    }
  }

  private func verdict() throws -> HTML {
    return """
      <section class="verdict \(analysis.verdict.rawValue)">
      <div>
      <p class="word">\(headline.prefix(1).uppercased() + headline.dropFirst())</p>
      \(words)
      \(gauge)
      </div>
      \(try keyFigure())
      </section>
      """
  }

  /// The verdict in plain words, and how sure it is.
  private var words: HTML {
    let sampled = Words.count(analysis.frames.count, analysis.input.kind == .clip ? "crop" : "frame")
    guard let track = analysis.decidingTrack else {
      if analysis.tracks.isEmpty {
        return
          "<p>No face was found in the \(sampled) that were looked at, so that there is nothing to judge.</p>"
      }
      return """
        <p>Faces were found, but none in enough of the \(sampled) that were looked at. A face counts when it is \
        seen in half of them, or at least in three.</p>
        """
    }
    let probability = track.opinion.probability
    let above = track.logits.count { $0 > 0 }
    let total = track.logits.count
    let judged = analysis.tracks.count(where: \.judged)
    let which: HTML =
      judged > 1 ? "It is the most suspicious of \(judged) faces (face \(track.number + 1))." : ""
    let frames: HTML
    if total == 1 {
      frames = "Only one picture was looked at."
    } else if above == 0 || above == total {
      frames = "All \(total) frames of the face agree."
    } else {
      frames = "Frames of the face that speak for fake: \(above) of \(total)."
    }
    return """
      <p>\(Sentences().opinion(probability: probability)) \(which) \(frames)</p>
      \(reasons(track.number))
      """
  }

  /// What the maps of the deciding face say in words.
  private func reasons(_ track: Int) -> HTML {
    let statements =
      exhibits.first { $0.track.number == track }?.explanations.compactMap(\.examination?.statement) ?? []
    guard !statements.isEmpty else { return "" }
    return """
      <h2 class="why">Why</h2>
      <ul class="why">\(HTML(statements.map { statement -> HTML in "<li>\(statement.sentence)</li>" }))</ul>
      """
  }

  private var gauge: HTML {
    guard let probability = analysis.opinion?.probability else { return "" }
    return """
      <div class="gauge" role="img" aria-label="Probability of fake: \(Words.percent(probability))">\
      <i style="left:\(probability * 100)%"></i></div>
      <div class="scale" aria-hidden="true"><span>real</span><span>undecided</span><span>fake</span></div>
      """
  }

  private func notes() -> HTML {
    HTML(analysis.notes.map { note in "<p class=\"note\">\(note)</p>" })
  }
}
