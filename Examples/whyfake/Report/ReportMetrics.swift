import ExplanationMetrics
import Explainers
import FaceCrop
import WhyFake

extension Report {
  /// A number of each map.
  private struct Row {
    var name: String
    /// Its range, and what it tells.
    var meaning: String
    /// What stands in a map's cell.
    var cell: (Int) -> HTML
  }

  /// The maps of a face in numbers, side by side, with what the numbers mean.
  func numbers(_ exhibit: Exhibit) -> HTML {
    guard !exhibit.explanations.isEmpty else { return "" }
    let titles: [HTML] = exhibit.explanations.map {
      "<th role=\"columnheader\" scope=\"col\">\($0.title)</th>"
    }
    let isAsked = exhibit.explanations.contains { $0.examination != nil }
    let replaced =
      provenance.options.chosenReplacement == .mean
      ? "the frame's mean colour" : provenance.options.chosenReplacement.words
    let chance: HTML = """
      <p class="soft">Chance is what noise in place of the map gives. A map that does no better than chance does not say what \
      the detector relies on, however convincing it looks. In place of what is taken away is seen: \(replaced).</p>
      """
    return """
      <h3>The maps in numbers</h3>
      <table class="metrics" role="table" aria-label="The maps in numbers">
      <thead role="rowgroup"><tr role="row"><td role="cell"></td>\(titles)</tr></thead>
      \(isAsked ? group("Does the detector agree with the map?", asked(exhibit), exhibit) : "")
      \(group("How does the map look? (Not whether it is right.)", looks(exhibit), exhibit))
      </table>
      \(isAsked ? chance : "")
      """
  }

  private func asked(_ exhibit: Exhibit) -> [Row] {
    func removal(_ i: Int) -> Examination.Removal? { exhibit.explanations[i].examination?.removal }
    return [
      Row(
        name: "Deletion",
        meaning:
          "0 to 1: the probability of \(exhibit.target.rawValue) while the face is taken away, the most marked places first. "
          + "Low, if the detector needs them"
      ) { compared(removal($0)?.deletion, removal($0)?.chance.deletion, isBetter: <) },
      Row(
        name: "Insertion",
        meaning:
          "0 to 1: the same while the face comes back, the most marked places first. High, if they are enough"
      ) { compared(removal($0)?.insertion, removal($0)?.chance.insertion, isBetter: >) },
    ]
  }

  private func looks(_ exhibit: Exhibit) -> [Row] {
    func metrics(_ i: Int) -> MapMetrics { exhibit.explanations[i].metrics }
    var rows = [
      Row(name: "Intensity", meaning: "0 to 1: how much of the face is marked") {
        number(metrics($0).intensity)
      },
      Row(name: "Variance", meaning: "0 to 0.25: how far marked and unmarked places differ") {
        number(metrics($0).variance)
      },
      Row(name: "Between frames", meaning: "−1 to 1: whether the next frame is marked in the same places") {
        number(metrics($0).interFrameConsistency)
      },
      Row(name: "Within a frame", meaning: "−1 to 1: whether marks are patches (high) or scattered (low)") {
        number(metrics($0).intraFrameConsistency)
      },
      Row(name: "Centredness", meaning: "0 to 1: the share in the middle half of the crop") {
        number(metrics($0).centredness)
      },
    ]
    if exhibit.explanations.indices.contains(where: { !exhibit.agreements(of: $0).isEmpty }) {
      rows.append(
        Row(name: "Agreement", meaning: "−1 to 1: whether another map ranks the places alike") { i in
          let others: [HTML] = exhibit.agreements(of: i).map { other in
            "<small>\(other.item.title): \(number(other.rankCorrelation))</small>"
          }
          return others.isEmpty ? number(nil) : HTML(others)
        })
    }
    return rows
  }

  private func group(_ title: String, _ rows: [Row], _ exhibit: Exhibit) -> HTML {
    let lines: [HTML] = rows.map { row -> HTML in
      let cells: [HTML] = exhibit.explanations.enumerated().map { i, item in
        "<td role=\"cell\" class=\"number\" data-title=\"\(item.title)\">\(row.cell(i))</td>"
      }
      return """
        <tr role="row"><th role="rowheader" scope="row">\(row.name)<small>\(row.meaning)</small></th>\(cells)</tr>

        """
    }
    return """
      <tbody role="rowgroup"><tr role="row"><th class="group" role="rowheader" scope="rowgroup" \
      colspan="\(exhibit.explanations.count + 1)">\(title)</th></tr>
      \(lines)</tbody>
      """
  }

  private func number(_ value: Double?) -> HTML { value.map { "\(Words.number($0, 3))" } ?? "not defined" }

  private func compared(
    _ value: MetricValue?, _ chance: MetricValue?, isBetter: (Double, Double) -> Bool
  ) -> HTML {
    guard let value = value?.value, let chance = chance?.value else { return number(nil) }
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
