import Datasets
import FaceCrop
import Foundation
import Tensor
import Training
import VideoIO
import WhyFake

/// What is explained and measured: a file, or a crop of a set of faces.
struct ComparedInput {
  /// Where its pictures are.
  enum Material {
    /// A video, a picture or a clip.
    case file(String)
    /// A crop of a set, as it is.
    case crop(FaceSet, Int)

    /// SHA-256 of what it shows.
    func digest() throws -> String {
      switch self {
      case .file(let path): return try SHA256.digest(ofFile: path)
      case .crop(let set, let index):
        let picture = try set.picture(index)
        var hash = SHA256()
        hash.update("\(picture.width)×\(picture.height)\n".utf8)
        picture.pixels.withUnsafeBytes { hash.update($0) }
        return hash.finish()
      }
    }
  }

  /// What goes along frame by frame.
  enum Companion {
    /// The real one that a fake was made from.
    case original(Material)
    /// What was manipulated, white on black.
    case mask(Material)

    /// Its pictures.
    var material: Material {
      switch self {
      case .original(let material), .mask(let material): material
      }
    }

    var isMask: Bool { if case .mask = self { true } else { false } }
  }

  /// What it is called in results.
  var path: String
  var label: FaceRecord.Label?
  /// What it was made with, where its dataset tells.
  var method: String?
  var material: Material
  var companion: Companion?

  /// A record of a set of faces, with the original's crop of the same moment if it is there.
  init(_ set: FaceSet, _ index: Int) {
    let record = set.records[index]
    path = "\(set.folder)/\(record.name)"
    (label, method, material) = (record.label, record.method, .crop(set, index))
    companion = set.original(of: index).map { .original(.crop(set, $0)) }
  }

  init(file path: String) { (self.path, material) = (path, .file(path)) }

  /// Its faces, with what goes along beside them.
  func analyze(
    _ analyzer: Analyzer, _ options: AnalysisOptions, with companion: Companion?, context: AnalysisContext
  ) throws -> Analysis {
    switch material {
    case .file(let path):
      var options = options
      if case .file(let beside) = companion?.material { options.paired = beside }
      return try analyzer.analyze(path, options: options, context: context)
    case .crop(let set, let index):
      let crop = try set.picture(index)
      var paired: [RGBImage]?
      if case .crop(let set, let index) = companion?.material { paired = [try set.picture(index)] }
      // Crops of different sizes were not cut by one box: they are no pair.
      if let beside = paired?.first, (beside.width, beside.height) != (crop.width, crop.height) {
        paired = nil
      }
      return try analyzer.analyze(
        crops: [crop], paired: paired, name: path, options: options, context: context)
    }
  }

  /// Whether what was manipulated can be told: there is a mask, or an original; of a crop one that shows the same scene.
  func isComparable() throws -> Bool {
    guard case .crop(let set, let index) = material else { return companion != nil }
    guard let original = set.original(of: index) else { return false }
    let (fake, real) = (try set.picture(index), try set.picture(original))
    return (fake.width, fake.height) == (real.width, real.height) && PairAlignment(fake, real).isAligned
  }
}
