import Datasets
import FaceCrop
import Foundation
import Synchronization
import Tensor
import VideoIO

/// The pictures of a step, ready for the network.
struct Batch: Sendable {
  let step: Int
  /// `[N, 3, S, S]`, normalised; the real half first.
  let pictures: Tensor
  /// 1 for fake, 0 for real.
  let labels: [Float]
  /// Where each picture was manipulated, for those of which it is known.
  let masks: [Int: PairDifference]
}

/// What a batch is made by; the same for any number of workers.
struct BatchMaker: Sendable {
  let faces: FaceSet
  let plan: BatchPlan
  let recipe: Recipe
  let mean: [Float]
  let deviation: [Float]
  let damaged: DamagedPictures

  /// The picture of record `index`, or where it cannot be read that of the next one of its kind: a long run does not end for
  /// one bad file.
  private func picture(_ index: Int) throws(DatasetError) -> RGBImage {
    do { return try faces.picture(index) } catch { try damaged.note(index, error, of: faces.records.count) }
    let kind = faces.records[index].label == .fake ? plan.fakes : plan.reals
    let place = kind.firstIndex(of: index) ?? 0
    var last = index
    for i in 1...kind.count {
      last = kind[(place + i) % kind.count]
      do { return try faces.picture(last) } catch { try damaged.note(last, error, of: faces.records.count) }
    }
    return try faces.picture(last)
  }

  /// The pictures of step `step`, `size` pixels a side.
  func batch(_ step: Int, size: Int, _ orders: BatchPlan.Orders) throws -> Batch {
    let pairs = plan.pairs(of: step, orders)
    var pictures = [RGBImage?](repeating: nil, count: 2 * pairs.count)
    var masks: [Int: PairDifference] = [:]
    for (i, pair) in pairs.enumerated() {
      var generator = SplitMix(seed: mixed(recipe.seed, 4, UInt64(step), UInt64(i)))
      let real = try picture(pair.real)
      let draw = recipe.augmentation.draw(&generator)
      let isBlended = pair.fake == pair.real || generator.uniform() < recipe.selfBlended
      let sharesGeometry = (pair.isOwn || isBlended) && generator.uniform() < recipe.sharedGeometry
      let realDraw = sharesGeometry ? draw : recipe.augmentation.draw(&generator)
      let fake: RGBImage
      var mask: PairDifference?
      if isBlended {
        let blend = recipe.selfBlending.fake(from: real, &generator)
        fake = blend.image
        mask = PairDifference(width: fake.width, height: fake.height, values: blend.mask)
      } else {
        fake = try picture(pair.fake)
        if recipe.attentionWeight > 0, faces.isAligned(pair.fake) != false,
          let own = faces.original(of: pair.fake)
        {
          mask = PairDifference(fake: fake, original: own == pair.real ? real : try picture(own))
        }
      }
      pictures[i] = realDraw.degrade(realDraw.place(real, side: size))
      pictures[pairs.count + i] = draw.degrade(draw.place(fake, side: size))
      if recipe.attentionWeight > 0, let mask {
        masks[pairs.count + i] = mask.placed(draw.placement, side: size)
      }
    }
    let (scale, shift) = (
      (0..<3).map { 1 / (255 * deviation[$0]) }, (0..<3).map { -mean[$0] / deviation[$0] }
    )
    let tensor = Tensor(crops: pictures.map { $0! }[...], scale: scale, shift: shift)
    return Batch(
      step: step, pictures: tensor,
      labels: [Float](repeating: 0, count: pairs.count) + [Float](repeating: 1, count: pairs.count),
      masks: masks)
  }
}

/// Pictures that could not be read, each once.
final class DamagedPictures: Sendable {
  private let found = Mutex<[Int: DatasetError]>([:])

  /// - Throws: the error itself where more than a hundredth of all pictures, and more than 20, are damaged: then something
  ///   else is wrong.
  func note(_ index: Int, _ error: DatasetError, of count: Int) throws(DatasetError) {
    let isTooMuch = found.withLock { found in
      found[index] = error
      return found.count > max(20, count / 100)
    }
    if isTooMuch { throw error }
  }

  /// What is wrong with them, in the order of their records.
  var problems: [DatasetError] { found.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }
}

/// Makes batches ahead of the step that needs them, on threads of its own.
final class BatchLoader: Sendable {
  private struct State {
    /// The next step that a worker takes, and the one that is waited for.
    var next: Int
    var wanted: Int
    var ready: [Int: Result<Batch, any Error>] = [:]
    var isOver = false
  }
  private let state: Mutex<State>
  // Waited for and signalled with nothing else than itself held.
  private let condition = NSCondition()
  private let ahead: Int

  /// Begins with step `first`; `size` says how large the pictures of a step are, nil where the run ends.
  init(
    _ maker: BatchMaker, from first: Int, workers: Int, ahead: Int = 4,
    size: @escaping @Sendable (Int) -> Int?
  ) {
    state = Mutex(State(next: first, wanted: first))
    self.ahead = ahead
    for _ in 0..<workers {
      // The loader must not live as long as its threads would like it to.
      Thread { [weak self] in
        let orders = BatchPlan.Orders()
        while let step = self?.take() {
          guard let size = size(step) else { return }
          let result = Result { try ComputeRuntime.alone { try maker.batch(step, size: size, orders) } }
          self?.give(step, result)
        }
      }.start()
    }
  }

  /// The batch of step `step`; steps are asked for in their order.
  func batch(_ step: Int) throws -> Batch {
    condition.lock()
    defer { condition.unlock() }
    state.withLock { $0.wanted = step }
    condition.broadcast()
    while true {
      if let result = state.withLock({ $0.ready.removeValue(forKey: step) }) { return try result.get() }
      condition.wait()
    }
  }

  /// Lets the threads end.
  func stop() {
    condition.lock()
    state.withLock { $0.isOver = true }
    condition.broadcast()
    condition.unlock()
  }

  private func take() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let step: Int?? = state.withLock { state in
        if state.isOver { return .some(nil) }
        guard state.next < state.wanted + ahead else { return nil }
        defer { state.next += 1 }
        return .some(state.next)
      }
      if let step { return step }
      condition.wait()
    }
  }

  private func give(_ step: Int, _ result: Result<Batch, any Error>) {
    condition.lock()
    state.withLock { $0.ready[step] = result }
    condition.broadcast()
    condition.unlock()
  }
}
