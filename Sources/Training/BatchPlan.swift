import Datasets
import Tensor

/// Which pictures make a step: a function of the seed and the step's number alone, so that a run can begin anywhere.
///
/// All fakes are gone through in an order of their own in each epoch. Beside each stands a real picture: its own original, as
/// often as the recipe says, else the next one in an order of all real pictures.
struct BatchPlan: Sendable {
  /// A fake and the real picture beside it, by their places in the face set.
  struct Pair: Sendable, Equatable {
    let fake: Int
    let real: Int
    /// Whether the fake was made from it.
    let isOwn: Bool
  }

  let seed: UInt64
  let pairs: Int
  let pairing: Double
  let fakes: [Int]
  let reals: [Int]
  private let originals: [Int?]

  /// Where the recipe only blends its own fakes, real faces are enough: each is then its own pair's fake.
  ///
  /// - Parameter indices: of the records to learn from.
  init(_ faces: FaceSet, _ indices: [Int], recipe: Recipe) throws(TrainingError) {
    let known = Set(indices)
    reals = indices.filter { faces.records[$0].label == .real }
    fakes = recipe.selfBlended == 1 ? reals : indices.filter { faces.records[$0].label == .fake }
    pairs = recipe.batch / 2
    guard fakes.count >= pairs, reals.count >= pairs else {
      throw TrainingError(
        .badFaces,
        "\(fakes.count) fake and \(reals.count) real faces to train on; a batch takes \(pairs) of each",
        path: faces.folder)
    }
    originals = fakes.map { at in
      faces.records[at].label == .real ? at : faces.original(of: at).flatMap { known.contains($0) ? $0 : nil }
    }
    pairing = recipe.selfBlended == 1 ? 1 : recipe.pairing
    seed = recipe.seed
  }

  /// Steps in which all fakes are gone through once; a rest that fills no batch is left out, another one each time.
  var stepsPerEpoch: Int { fakes.count / pairs }

  /// An order that is asked for again and again.
  final class Orders {
    private var kept: [String: [Int]] = [:]

    /// The numbers below `count` in the order of pass `number` through them.
    func order(_ kind: String, _ count: Int, number: Int, seed: UInt64) -> [Int] {
      let key = "\(kind) \(number)"
      if let order = kept[key] { return order }
      var generator = SplitMix(seed: mixed(seed, kind == "fake" ? 1 : 2, UInt64(number)))
      let order = Array(0..<count).shuffled(using: &generator)
      if kept.count > 4 { kept.removeAll() }
      kept[key] = order
      return order
    }
  }

  /// The pairs of step `step`.
  func pairs(of step: Int, _ orders: Orders) -> [Pair] {
    let order = orders.order("fake", fakes.count, number: step / stepsPerEpoch, seed: seed)
    let first = step % stepsPerEpoch * pairs
    var generator = SplitMix(seed: mixed(seed, 3, UInt64(step)))
    return (0..<pairs).map { i in
      let at = order[first + i]
      if let own = originals[at], generator.uniform() < pairing {
        return Pair(fake: fakes[at], real: own, isOwn: true)
      }
      let turn = step * pairs + i
      let reals = orders.order("real", self.reals.count, number: turn / self.reals.count, seed: seed)
      let real = self.reals[reals[turn % self.reals.count]]
      return Pair(fake: fakes[at], real: real, isOwn: real == originals[at])
    }
  }
}

/// One seed from several numbers.
func mixed(_ numbers: UInt64...) -> UInt64 {
  var state: UInt64 = 0
  for number in numbers {
    var generator = SplitMix(seed: state ^ number)
    state = generator.next()
  }
  return state
}
