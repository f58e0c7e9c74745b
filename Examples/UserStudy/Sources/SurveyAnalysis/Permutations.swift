import SurveyModel

/// A p-value found by rearranging what was observed.
public struct PermutationTest: Sendable, Equatable, Codable {
  /// What was measured.
  public let statistic: Double
  /// The share of arrangements whose statistic is at least as large; in a sample, the one that was observed counts as one more.
  public let pValue: Double
  /// How many arrangements were looked at.
  public let arrangements: Int
  /// Whether these were all that there are.
  public let isExact: Bool

  /// Whether arrangements are as large as this one; sums of the same numbers in another order differ by rounding.
  static func reaches(_ value: Double, _ observed: Double) -> Bool {
    value >= observed - 1e-9 * max(1, abs(observed))
  }
}

/// Whether what is preferred depends on the video: votes by section and explainer.
///
/// If it does not, a person's choices could as well have been given to their sections in any other order. The statistic is
/// Σ (O − E)² / E over sections and explainers, O votes, E what is expected over all such orders: each person's votes for the explainer
/// spread evenly over the sections that they answered.
struct Dependence {
  /// Beyond this many orders they are drawn.
  static let exactLimit = 10_000

  /// Choices of one person: sections as places, and the choice in each as bits.
  struct Person {
    var sections: [Int]
    var choices: [UInt32]
  }

  let people: [Person]
  let explainers: Int
  let expected: [[Double]]

  init(_ people: [Person], sections: Int, explainers: Int) {
    self.people = people.filter { !$0.sections.isEmpty }
    self.explainers = explainers
    var expected = [[Double]](repeating: .init(repeating: 0, count: explainers), count: sections)
    for person in self.people {
      for e in 0..<explainers {
        let votes = person.choices.count { $0 >> UInt32(e) & 1 == 1 }
        for section in person.sections {
          expected[section][e] += Double(votes) / Double(person.sections.count)
        }
      }
    }
    self.expected = expected
  }

  func statistic(_ arranged: [[UInt32]]) -> Double {
    var observed = [Int](repeating: 0, count: expected.count * explainers)
    for (person, choices) in zip(people, arranged) {
      for (section, choice) in zip(person.sections, choices) {
        var rest = choice
        while rest != 0 {
          observed[section * explainers + rest.trailingZeroBitCount] += 1
          rest &= rest - 1
        }
      }
    }
    var sum = 0.0
    for section in expected.indices {
      for e in 0..<explainers where expected[section][e] > 0 {
        let difference = Double(observed[section * explainers + e]) - expected[section][e]
        sum += difference * difference / expected[section][e]
      }
    }
    return sum
  }

  /// The test; nil where nobody answered two sections.
  func test(draws: Int, seed: UInt64) -> PermutationTest? {
    guard people.contains(where: { $0.sections.count > 1 }) else { return nil }
    let observed = statistic(people.map(\.choices))
    var orders = 1.0
    for person in people { for k in 1...person.sections.count { orders *= Double(k) } }
    if orders <= Double(Self.exactLimit) {
      var (hits, all) = (0, 0)
      eachOrder(people.map(\.choices), from: 0) { arranged in
        all += 1
        if PermutationTest.reaches(statistic(arranged), observed) { hits += 1 }
      }
      return PermutationTest(
        statistic: observed, pValue: Double(hits) / Double(all), arrangements: all, isExact: true)
    }
    var generator = SeededGenerator(seed: seed, stream: 3)
    var arranged = people.map(\.choices)
    var hits = 1
    for _ in 0..<draws {
      for i in arranged.indices { arranged[i].shuffle(using: &generator) }
      if PermutationTest.reaches(statistic(arranged), observed) { hits += 1 }
    }
    return PermutationTest(
      statistic: observed, pValue: Double(hits) / Double(draws + 1), arrangements: draws, isExact: false)
  }

  /// Every order of every person's choices.
  private func eachOrder(_ arranged: [[UInt32]], from person: Int, _ body: ([[UInt32]]) -> Void) {
    guard person < arranged.count else { return body(arranged) }
    var arranged = arranged
    func orders(_ k: Int) {
      guard k > 1 else { return eachOrder(arranged, from: person + 1, body) }
      for i in 0..<k {
        arranged[person].swapAt(i, k - 1)
        orders(k - 1)
        arranged[person].swapAt(i, k - 1)
      }
    }
    orders(arranged[person].count)
  }
}

/// Whether groups of people differ in their means: the sum of squares between groups, group labels rearranged over people.
struct GroupDifference {
  /// Of each person, one or more values.
  let values: [[Double]]
  /// Of each person, the group's number.
  let groups: [Int]

  func statistic(_ groups: [Int]) -> Double {
    let (count, width) = ((groups.max() ?? 0) + 1, values.first?.count ?? 0)
    var sums = [[Double]](repeating: .init(repeating: 0, count: width), count: count)
    var sizes = [Int](repeating: 0, count: count)
    var total = [Double](repeating: 0, count: width)
    for (value, group) in zip(values, groups) {
      sizes[group] += 1
      for k in 0..<width {
        sums[group][k] += value[k]
        total[k] += value[k]
      }
    }
    let n = Double(values.count)
    return (0..<count).filter { sizes[$0] > 0 }.reduce(0.0) { sum, group in
      let size = Double(sizes[group])
      return sum
        + (0..<width).reduce(0.0) { sum, k in
          let difference = sums[group][k] / size - total[k] / n
          return sum + size * difference * difference
        }
    }
  }

  /// The test; nil with fewer than two groups.
  func test(draws: Int, seed: UInt64) -> PermutationTest? {
    guard Set(groups).count > 1 else { return nil }
    let observed = statistic(groups)
    var generator = SeededGenerator(seed: seed, stream: 4)
    var arranged = groups
    var hits = 1
    for _ in 0..<draws {
      arranged.shuffle(using: &generator)
      if PermutationTest.reaches(statistic(arranged), observed) { hits += 1 }
    }
    return PermutationTest(
      statistic: observed, pValue: Double(hits) / Double(draws + 1), arrangements: draws, isExact: false)
  }
}
