import Foundation

extension StudyAnalysis {
  /// All tables, in the order of the report.
  var tables: [Table] {
    [
      peopleTable, rightTable, votesTable, preferencesTable, sectionsTable, divisionsTable, placesTable,
      metricsTable,
    ]
    .compactMap(\.self).filter { !$0.rows.isEmpty }
  }

  private var intervals: String { "\(Words.number(100 * level, 0))\u{A0}% intervals" }

  private var peopleTable: Table {
    var rows: [[Table.Cell]] = [
      ["Began and answered nothing", .init(silent)], ["Answered something", .init(respondents)],
    ]
    rows += excluded.map { [.init("Left out: \($0.rule)"), .init($0.count)] }
    rows += [["In the figures", .init(included)], ["Of these, to the end", .init(finished)]]
    if forms.count > 1 { rows += forms.enumerated().map { [.init("Form \($0 + 1)"), .init($1)] } }
    return Table(
      name: "people", title: "Respondents",
      note: "Rules leave people out one after the other, in this order.",
      columns: ["", "People"], rows: rows)
  }

  private var rightTable: Table? {
    guard let right else { return nil }
    let rows: [(String, Share?)] = [
      ("Right, of all answers", right), ("Right, of those who name a video", rightOfDecided),
      ("“I do not know”", unknown),
    ]
    return Table(
      name: "right", title: "Which video is fake",
      note: "Answers of one person belong together: \(intervals) are over people.",
      columns: ["", "Answers", "Of", "Share"],
      rows: rows.map { [.init($0), .init($1?.count ?? 0), .init($1?.total ?? 0), .init($1)] })
  }

  private var votesTable: Table {
    Table(
      name: "votes", title: "Votes",
      note:
        "Of all votes, and in how many answers it was chosen (several may be). \(intervals.prefix(1).uppercased() + intervals.dropFirst()) are over people.",
      columns: ["Explainer", "Votes", "Share of votes", "Chosen in"],
      rows: votes.map {
        [
          .init(Names.title($0.explainer), raw: $0.explainer), .init($0.share.count), .init($0.share),
          .init($0.chosen),
        ]
      })
  }

  private var preferencesTable: Table {
    Table(
      name: "preferences", title: "Preferences by pair",
      note:
        "Exact two-sided sign tests, ties dropped, Holm's correction over pairs. Over answers: one was chosen and the other not; "
        + "answers of one person are not independent, so that p is too small where people keep to a taste. Over people: who has more "
        + "wins than losses. Sign flip: of people's wins less losses.",
      columns: [
        "Pair", "Answers", "Answers: ties", "Answers: p", "Answers: Holm", "People", "People: ties",
        "People: p",
        "People: Holm", "Sign flip p",
      ],
      rows: preferences.map { pair in
        [
          .init(
            "\(Names.title(pair.first)) : \(Names.title(pair.second))", raw: "\(pair.first):\(pair.second)"),
          .init("\(pair.answers.wins) : \(pair.answers.losses)"), .init(pair.answers.ties),
          .p(pair.answers.pValue),
          .p(pair.answers.corrected), .init("\(pair.people.wins) : \(pair.people.losses)"),
          .init(pair.people.ties),
          .p(pair.people.pValue), .p(pair.people.corrected), .p(pair.signFlip),
        ]
      })
  }

  private var sectionsTable: Table {
    let test = dependence.map {
      " Does preference depend on the video? χ² \(Words.number($0.statistic, 1)), p \(Words.p($0.pValue)) "
        + ($0.isExact ? "by all \($0.arrangements) orders" : "by \($0.arrangements) drawn orders")
        + " of each person's answers."
    }
    return Table(
      name: "sections", title: "By section",
      note: "Each person answers a section once: intervals are Clopper and Pearson's.\(test ?? "")",
      columns: ["Section", "Video", "Is", "Detector says", "Right"] + explainers.map(Names.title) + [
        "Answers"
      ],
      rows: sections.map { section in
        [
          .init(section.number), .init(section.video ?? ""), .init(section.label ?? ""),
          .init(section.belief ?? ""),
          .init(section.right),
        ] + section.votes.map { .init($0) } + [.init(section.answers)]
      })
  }

  private var divisionsTable: Table {
    let tests = divisions.map { division in
      let parts = [
        division.kruskalWallis.map { "Kruskal–Wallis p \(Words.p($0.pValue))" },
        division.right.map { "rearranged p \(Words.p($0.pValue))" },
        division.votes.map { "votes p \(Words.p($0.pValue))" },
      ].compactMap(\.self)
      return parts.isEmpty ? "" : " By \(division.by): \(parts.joined(separator: ", "))."
    }
    return Table(
      name: "groups", title: "By screen and familiarity",
      note:
        "Whether groups differ in right answers, and in what they vote for, people rearranged over groups.\(tests.joined())",
      columns: ["Group", "People", "Right"] + explainers.map(Names.title),
      rows: divisions.flatMap { division in
        division.groups.map { group in
          [.init("\(division.by): \(group.name)"), .init(group.people), .init(group.right)]
            + group.votes.map { .init($0) }
        }
      })
  }

  private var placesTable: Table {
    Table(
      name: "places", title: "Votes by place",
      note:
        "Where an explanation stood when it was chosen. Places are drawn, so that a taste for one does not help an explainer.",
      columns: ["Place", "Votes", "Share"],
      rows: places.enumerated().map { [.init($0 + 1), .init($1.count), .init($1)] })
  }

  private var metricsTable: Table {
    Table(
      name: "metrics", title: "Metrics and people",
      note:
        "Spearman's ρ over explainers between a metric and the votes: the mean over videos with Student's interval, and of the "
        + "metric's mean with all votes, which is \(Words.count(explainers.count, "point")) and little. Above 0: people prefer what has more of it.",
      columns: ["Metric", "Better is", "ρ by video", "Videos", "ρ of means"],
      rows: metrics.map { metric in
        var mean: Table.Cell = ""
        if let value = metric.perVideo {
          mean = .init(
            "\(Words.number(value.value, 2)) [\(Words.number(value.lower, 2)), \(Words.number(value.upper, 2))]",
            raw: String(value.value))
          mean.interval = (value.lower, value.upper)
        }
        return [
          .init(metric.metric), .init(metric.isLowerBetter ? "lower" : "higher or neither"),
          mean, .init(metric.videos),
          .init(metric.overall, places: 2),
        ]
      })
  }

  /// All figures that have something to show.
  var figures: [(name: String, svg: String)] {
    func percent(_ value: Double) -> String { Words.percent(value) }
    func row(_ label: String, _ share: Share?) -> IntervalFigure.Row {
      .init(
        label: label, estimate: share.map { ($0.value, $0.lower, $0.upper) },
        text: share.map { percent($0.value) } ?? "")
    }
    var figures: [IntervalFigure] = []
    if !votes.isEmpty {
      figures.append(
        IntervalFigure(
          name: "votes", title: "Share of votes",
          summary: "A row for each explainer, with \(intervals) over people.",
          range: IntervalFigure.range(votes.map(\.share.upper)),
          reference: 1 / Double(explainers.count), tick: percent,
          rows: votes.map { row(Names.title($0.explainer), $0.share) }))
    }
    if sections.contains(where: { $0.right != nil }) {
      figures.append(
        IntervalFigure(
          name: "right", title: "Right answers by section",
          summary: "A row for each section, with \(intervals).",
          range: 0...1, reference: 0.5, tick: percent,
          rows: sections.map { row("Section \($0.number)", $0.right) }))
    }
    let groups = divisions.flatMap { division in
      division.groups.map { ("\(division.by): \($0.name)", $0.right) }
    }
    if !groups.isEmpty {
      figures.append(
        IntervalFigure(
          name: "groups", title: "Right answers by screen and familiarity",
          summary: "A row for each group, with \(intervals) over people.",
          range: 0...1, reference: 0.5, tick: percent, rows: groups.map { row($0.0, $0.1) }))
    }
    if metrics.contains(where: { $0.perVideo != nil }) {
      figures.append(
        IntervalFigure(
          name: "metrics", title: "Metrics and people: rank correlation",
          summary: "A row for each metric: the mean over videos of Spearman's ρ with votes.",
          range: -1...1, reference: 0, tick: { Words.number($0, 1) },
          rows: metrics.map { metric in
            .init(
              label: metric.metric, estimate: metric.perVideo.map { ($0.value, $0.lower, $0.upper) },
              text: metric.perVideo.map { Words.number($0.value, 2) } ?? "not defined")
          }))
    }
    var drawn = figures.map { ($0.name, $0.svg) }
    let answered = sections.filter { $0.answers > 0 }
    if !answered.isEmpty {
      let heat = HeatFigure(
        name: "sections", title: "In how many answers each was chosen, by section",
        summary:
          "A row for each section, a column for each explainer; the darker, the more often it was chosen.",
        columns: explainers.map(Names.title),
        rows: answered.map { section in
          (
            "\(section.number) \(section.video ?? "")",
            section.votes.map { Double($0) / Double(section.answers) }
          )
        })
      drawn.append((heat.name, heat.svg))
    }
    return drawn
  }
}
