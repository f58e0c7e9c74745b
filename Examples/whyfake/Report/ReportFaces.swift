import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

extension Report {
  /// The judged faces: their curve, and their frames with the maps.
  func faces() throws -> HTML { HTML(try exhibits.map(face), separator: "\n") }

  private func face(_ exhibit: Exhibit) throws -> HTML {
    let track = exhibit.track
    let curve = ProbabilityCurve(track)
    let title = exhibits.count > 1 ? "Face \(track.number + 1): frame by frame" : "Frame by frame"
    let shown: HTML =
      track.logits.count > 1
      ? """
      \(curve.html())
      <p class="soft">Each dot is one frame: the higher, the more it looks like a fake to the detector. \
      The blue line is the face as a whole (\(Words.percent(track.opinion.probability)), logit \
      \(Words.logit(track.opinion.logit))), the mean of the frames' logits.</p>
      """ : ""
    return """
      <section>
      <h2>\(title)</h2>
      \(shown)
      <h3>What it looked at</h3>
      \(legend(exhibit))
      \(try strip(exhibit))
      \(numbers(exhibit))
      \(HTML(exhibit.explanations.map(explanation), separator: "\n"))
      </section>
      """
  }

  private func legend(_ exhibit: Exhibit) -> HTML {
    let names = exhibit.explanations.map { $0.title }.joined(separator: ", ")
    let bar: HTML =
      if let source = try? Report.jpeg(Report.colourScale(overlay), quality: 95) {
        """
        <div class="bar"><span>no part in it</span><img \
        alt="Colour scale, from no part in it to the strongest place" src="\(source)"><span>the strongest place of the whole clip</span></div>
        """
      } else {
        ""
      }
    let attention: HTML =
      exhibit.explanations.contains { $0.map.kind == .attention }
      ? " Attention has no direction: it marks where the network looked, whatever it made of it." : ""
    return """
      <p>Each row is the face as the detector got it and the same with the places marked that speak for \
      <b>\(exhibit.target.rawValue)</b> (\(names)).\(attention) One scale holds for all frames.</p>
      \(bar)
      """
  }

  private func strip(_ exhibit: Exhibit) throws -> HTML {
    let side = 224
    let cells: [HTML] = try exhibit.track.clip.frames.indices.map { t in
      let frame = exhibit.track.clip.frames[t]
      let opinion = Opinion(logit: exhibit.track.logits[t])
      let place = frame.time.map(Words.moment) ?? "frame \(frame.index + 1)"
      let crop = try Report.jpeg(exhibit.track.clip.crops[t].resized(width: side, height: side))
      let maps: [HTML] = try exhibit.explanations.map { item in
        """
        <figure><img loading="lazy" alt="\(item.title) map of the face at \(place)" \
        src="\(try Report.jpeg(item.picture(t, side: side, overlay: overlay)))"><figcaption>\(item.title)</figcaption></figure>
        """
      }
      return """
        <li><div class="pair"><figure><img loading="lazy" alt="The face at \(place)" src="\(crop)">\
        <figcaption>face</figcaption></figure>\(maps)</div>\
        <p>\(place) · <b class="\(opinion.verdict.rawValue)">\(Words.percent(opinion.probability))</b> fake</p>\
        </li>
        """
    }
    let cell = 8 * (exhibit.explanations.count + 1) - 1
    return "<ul class=\"frames\" style=\"--cell:\(cell)rem\">\n\(HTML(cells, separator: "\n"))\n</ul>"
  }

  private func explanation(_ item: Exhibit.Item) -> HTML {
    let name = item.title
    let empty: HTML =
      item.relevance.isEmpty
      ? """
      <p class="note">The map is empty: to \(name), nothing in these crops speaks for \
      \(item.map.target.rawValue).</p>
      """ : ""
    let other: HTML =
      item.map.model != analysis.model.name
      ? """
      <p class="note">The map is of \(item.map.model); the verdict above is of \(analysis.model.name).</p>
      """ : ""
    let said: HTML = item.examination.map { "<p><b>\($0.statement.sentence)</b></p>" } ?? ""
    let shape = item.map.values.shape
    return """
      <h3>\(name)</h3>
      <p>\(item.method.summary) Its own resolution is \(shape[1])×\(shape[2]) over the face; it cost \
      \(Words.count(item.map.cost.framePasses, "pass", "passes")) of a crop through the network and \
      \(Words.number(item.map.cost.seconds, 2)) s. As a video: <code>\(item.overlay)</code>.</p>
      \(said)
      \(other)
      \(empty)
      \(segments(item))
      \(regions(item))
      """
  }
}
