import ExplanationMetrics
import Explainers
import FaceCrop
import WhyFake

extension Report {
  /// The maps of a face in numbers, side by side, with what the numbers mean.
  func numbers(_ exhibit: Exhibit) -> HTML {
    guard !exhibit.explanations.isEmpty else { return "" }
    let titles: [HTML] = exhibit.explanations.map {
      "<th role=\"columnheader\" scope=\"col\">\($0.title)</th>"
    }
    let isAsked = exhibit.explanations.contains { $0.examination != nil }
    let asked: [HTML] =
      !isAsked
      ? []
      : [
        row(
          exhibit, "Deletion",
          "0 to 1: the probability of \(exhibit.target.rawValue) while the face is taken away, the most marked places first. "
            + "Low, if the detector needs them"
        ) { item in
          removal(item.examination?.removal.deletion, item.examination?.removal.chance.deletion, isBetter: <)
        },
        row(
          exhibit, "Insertion",
          "0 to 1: the same while the face comes back, the most marked places first. High, if they are enough"
        ) { item in
          removal(
            item.examination?.removal.insertion, item.examination?.removal.chance.insertion, isBetter: >)
        },
      ]
    let looks: [HTML] = [
      row(exhibit, "Intensity", "0 to 1: how much of the face is marked") { number($0.metrics.intensity) },
      row(exhibit, "Variance", "0 to 0.25: how far marked and unmarked places differ") {
        number($0.metrics.variance)
      },
      row(exhibit, "Between frames", "−1 to 1: whether the next frame is marked in the same places") {
        number($0.metrics.interFrameConsistency)
      },
      row(exhibit, "Within a frame", "−1 to 1: whether marks are patches (high) or scattered (low)") {
        number($0.metrics.intraFrameConsistency)
      },
      row(exhibit, "Centredness", "0 to 1: the share in the middle half of the crop") {
        number($0.metrics.centredness)
      },
    ]
    let columns = exhibit.explanations.count + 1
    let agreement: HTML = """
      <tbody role="rowgroup"><tr role="row"><th class="group" role="rowheader" scope="rowgroup" colspan="\(columns)">Does the detector agree with the map?</th></tr>
      \(asked)</tbody>
      """
    let chance: HTML = """
      <p class="soft">Chance is what noise in place of the map gives. A map that does no better than chance does not say what \
      the detector relies on, however convincing it looks. In place of what is taken away is seen: \
      \(provenance.options.chosenReplacement == .mean ? "the frame's mean colour" : provenance.options.chosenReplacement.words).</p>
      """
    return """
      <h3>The maps in numbers</h3>
      <table class="metrics" role="table" aria-label="The maps in numbers">
      <thead role="rowgroup"><tr role="row"><td role="cell"></td>\(titles)</tr></thead>
      \(isAsked ? agreement : "")
      <tbody role="rowgroup"><tr role="row"><th class="group" role="rowheader" scope="rowgroup" colspan="\(columns)">How does the map look? \
      (Not whether it is right.)</th></tr>
      \(looks)</tbody>
      </table>
      \(isAsked ? chance : "")
      """
  }

  private func row(
    _ exhibit: Exhibit, _ name: String, _ meaning: String, _ cell: (Exhibit.Item) -> HTML
  ) -> HTML {
    let cells: [HTML] = exhibit.explanations.map {
      "<td role=\"cell\" class=\"number\" data-title=\"\($0.title)\">\(cell($0))</td>"
    }
    return
      "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">\(name)<small>\(meaning)</small></th>\(cells)</tr>\n"
  }

  private func number(_ value: Double?) -> HTML { value.map { "\(Words.number($0, 3))" } ?? "not defined" }

  private func removal(
    _ value: MetricValue?, _ chance: MetricValue?, isBetter: (Double, Double) -> Bool
  ) -> HTML {
    guard let value = value?.value, let chance = chance?.value else { return "not defined" }
    let verdict = isBetter(value, chance) ? "better than chance" : "no better than chance"
    return "\(number(value))<small>\(verdict): \(number(chance))</small>"
  }

  /// How much of a map lies on each part of the face, frame by frame.
  func regions(_ item: Exhibit.Item) -> HTML {
    guard let table = item.examination?.regions, !item.relevance.isEmpty else { return "" }
    let shares = FaceRegion.allCases.map { region in
      (0..<table.frames).map { table.share(of: region, inFrame: $0) }
    }
    let most = shares.joined().max() ?? 0
    guard most > 0 else { return "" }
    let heads: [HTML] = item.clip.frames.map { frame in
      "<th scope=\"col\">\(frame.time.map(Words.moment) ?? "frame \(frame.index + 1)")</th>"
    }
    let rows: [HTML] = zip(FaceRegion.allCases, shares).map { region, shares -> HTML in
      let cells: [HTML] = shares.map { share -> HTML in
        let depth = Int((share / most * 100).rounded())
        return "<td style=\"--depth:\(depth)%\">\(Words.number(share * 100, 1))</td>"
      }
      let name = Phrasebook.english.regions[region] ?? region.name
      let whole = Words.number(shares.reduce(0, +) * 100, 1)
      return "<tr><th scope=\"row\">\(name)</th><td class=\"whole\">\(whole)</td>\(cells)</tr>\n"
    }
    return """
      <details><summary>\(item.title): parts of the face over time</summary>
      <div class="wide" tabindex="0" role="region" aria-label="\(item.title): parts of the face over time">
      <table class="regions"><caption class="soft">Share of the map in percent: all cells together are 100. Left and \
      right are the person's.</caption>
      <thead><tr><td></td><th scope="col">whole</th>\(heads)</tr></thead>
      <tbody>\(rows)</tbody></table>
      </div>
      </details>
      """
  }
}
