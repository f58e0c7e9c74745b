import ArgumentParser
import Datasets
import Foundation
import Tensor

/// A part of the work, such as `2/8`.
struct Shard: ExpressibleByArgument {
  let number: Int
  let count: Int

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(number)
    else { return nil }
    (self.number, self.count) = (number, count)
  }

  /// Whether the video at `position` of all belongs to it.
  func contains(_ position: Int) -> Bool { position % count == number - 1 }
}

extension FaceRecord.Label: Choice {}

/// What is compared on.
struct CompareSelection: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Videos, pictures and clips; folders of them, of a dataset (its labels are known) or of face crops with an index.csv.",
      valueName: "input"))
  var inputs: [String]

  @Option(help: "Only what has this label, as its dataset tells.")
  var label: FaceRecord.Label?

  @Option(help: "Of face crops only those of this split.")
  var split: FaceRecord.Split = .validation

  @Option(help: "Of face crops only this half of the validation split: divided once, by original.")
  var half: FaceRecord.Half?

  @Option(
    help: ArgumentHelp(
      "Only so many, drawn with the seed; where a metric compares with what was manipulated, of those of which that can be "
        + "told.", valueName: "n"))
  var sample: Int?

  @Option(
    help: ArgumentHelp(
      "What was manipulated, white on black, in step with each input: of a/b.mp4 the file FOLDER/a/b.mask.* or FOLDER/a/b.*.",
      valueName: "folder"))
  var masks: String?

  @Option(help: ArgumentHelp("Only this part of them, such as 2/8.", valueName: "i/n"))
  var shard: Shard?

  func validate() throws {
    if let sample, sample < 1 { throw ValidationError("--sample is \(sample); give a number above 0.") }
    if split != .validation, half != nil {
      throw ValidationError("--half parts the validation split; \(split.rawValue) has no halves.")
    }
  }

  /// What is asked for, by path, and how many inputs could not be listed.
  ///
  /// - Parameter comparable: whether only those are drawn of which it can be told what was manipulated.
  func find(seed: UInt64, comparable: Bool) throws -> (found: [ComparedInput], failures: Int) {
    var (all, failures): ([String: ComparedInput], Int) = ([:], 0)
    for input in inputs {
      do {
        let found =
          FileManager.default.fileExists(atPath: input + "/index.csv") ? try crops(input) : try files(input)
        for input in found { all[input.path] = input }
      } catch {
        failures += 1
        Terminal.message(oneLine(error, about: input))
      }
    }
    if shard != nil, failures > 0 {
      throw Failure("with --shard all inputs must be there: parts are counted off their list")
    }
    for case .file(let mask)? in all.values.map({ $0.companion.flatMap { $0.isMask ? $0.material : nil } }) {
      all[mask] = nil
    }
    var found = all.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    if let label {
      let unknown = found.count { $0.label == nil }
      if unknown > 0 {
        Terminal.message(
          "\(Words.count(unknown, "video")) without a label left out; give the folder of a dataset")
      }
      found = found.filter { $0.label == label }
    }
    if let sample { found = try draw(sample, of: found, seed: seed, comparable: comparable) }
    guard !found.isEmpty else { throw Failure("there is no video to compare on") }
    if let shard { found = found.enumerated().filter { shard.contains($0.offset) }.map(\.element) }
    return (found, failures)
  }

  private func crops(_ folder: String) throws -> [ComparedInput] {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let set = try FaceSet(folder)
    return set.records.indices.filter { i in
      set.records[i].split == split && (half == nil || set.records[i].half == half)
    }.map { ComparedInput(set, $0) }
  }

  private func files(_ input: String) throws -> [ComparedInput] {
    let known = (try? VideoDataset(input, splits: .all(.test))).map { dataset in
      Dictionary(dataset.videos.map { ($0.path, $0) }) { first, _ in first }
    }
    return try Inputs.expand([input]).flatMap { _, files in
      try files.get().map { path in
        var found = ComparedInput(file: path)
        if let video = known?[path] {
          (found.label, found.method) = (video.label, video.method)
          let original = video.originalPlace.flatMap { place in
            known?.values.first { $0.place == place }
          }
          found.companion = original.map { .original(.file($0.path)) }
        }
        if let mask = mask(of: path, in: input) { found.companion = .mask(.file(mask)) }
        return found
      }
    }
  }

  /// The mask of the file at `path`, which was found in `input`.
  private func mask(of path: String, in input: String) -> String? {
    guard let masks else { return nil }
    let name =
      path == input
      ? (path as NSString).lastPathComponent : String(path.dropFirst(input.count).drop { $0 == "/" })
    let stem = "\(masks)/\((name as NSString).deletingPathExtension)"
    let extensions = Inputs.mediaExtensions.sorted() + ["npy"]
    return (extensions.map { "\(stem).mask.\($0)" } + extensions.map { "\(stem).\($0)" }).first {
      $0 != path && FileManager.default.fileExists(atPath: $0)
    }
  }

  private func draw(
    _ count: Int, of all: [ComparedInput], seed: UInt64, comparable: Bool
  ) throws -> [ComparedInput] {
    var generator = SplitMix(seed: seed)
    var order = Array(all.indices)
    for i in order.indices.dropLast() {
      order.swapAt(i, i + Int(generator.uniform() * Double(order.count - i)))
    }
    var drawn: [Int] = []
    for i in order where drawn.count < count {
      if try !comparable || all[i].isComparable() { drawn.append(i) }
    }
    return drawn.sorted().map { all[$0] }
  }
}
