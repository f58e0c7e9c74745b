import ArgumentParser
import Datasets
import Foundation
import Tensor
import Training
import VideoIO

/// What training does to a crop before a network sees it, on one core.
struct AugmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augment",
    abstract:
      "Milliseconds of one core for each crop: decoding, augmentation, self-blending, pair difference.")

  @Argument(help: "A folder of face crops with an index.csv.")
  var faces: String

  @Option(help: "Side of the crops that are made.")
  var size: Int = 224

  @Option(help: "Crops, spread over the set.")
  var count: Int = 200

  @Option(help: "Draws for each crop.")
  var draws: Int = 10

  func validate() throws {
    guard (32...1024).contains(size) else { throw ValidationError("--size is \(size); give 32 to 1024.") }
    guard count > 0 else { throw ValidationError("--count is \(count); give at least 1.") }
    guard draws > 0 else { throw ValidationError("--draws is \(draws); give at least 1.") }
  }

  func run() throws {
    let set = try FaceSet(faces)
    guard set.records.count >= count else {
      throw Failure("\(faces) has \(set.records.count) crops, not \(count)")
    }
    let step = set.records.count / count
    var pictures: [RGBImage] = []
    let read = try milliseconds { pictures = try (0..<count).map { try set.picture($0 * step) } }
    let files = try pictures.map { try ImageFile.jpeg($0) }
    let decode = try milliseconds { for file in files { _ = try ImageFile.decode(file) } }
    var line = JSONLine().adding("bench", "augment").adding("size", size).adding("crops", count)
      .adding("read_ms", read / Double(count)).adding("decode_ms", decode / Double(count))
    for (name, recipe) in [("none", Augmentation.none), ("light", .light), ("standard", .standard)] {
      var generator = SplitMix(seed: 1)
      let time = milliseconds {
        for _ in 0..<draws {
          for picture in pictures { _ = recipe.draw(&generator).apply(picture, side: size) }
        }
      }
      line = line.adding("\(name)_ms", time / Double(count * draws))
    }
    let crops = pictures.map { $0.resized(width: size, height: size) }
    var generator = SplitMix(seed: 2)
    let blending = milliseconds { for crop in crops { _ = SelfBlending().fake(from: crop, &generator) } }
    line = line.adding("self_blending_ms", blending / Double(count))
    let pairs = try set.records.indices.lazy.compactMap { i in set.original(of: i).map { (i, $0) } }
      .prefix(count).map { (try set.picture($0), try set.picture($1)) }
    var aligned = 0
    let difference = milliseconds {
      for (fake, original) in pairs where PairDifference(fake: fake, original: original) != nil {
        aligned += 1
      }
    }
    if !pairs.isEmpty {
      line = line.adding("pair_difference_ms", difference / Double(pairs.count)).adding("pairs", pairs.count)
        .adding("aligned", aligned)
    }
    line.write()
  }

  /// Of this process's time on the processor: what others do meanwhile does not count.
  private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
    }
    let start = now()
    try body()
    return now() - start
  }
}
