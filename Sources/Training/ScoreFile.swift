public import Datasets
import Evaluation
import Foundation
import VideoIO

/// Scores as a CSV file, to be judged again or elsewhere.
///
/// | column | |
/// | --- | --- |
/// | `name`, `label`, `logit` | required |
/// | `dataset`, `video`, `original`, `method`, `frame`, `x`, `y`, `width`, `height`, `compression`, `split` | as in a face set's index; may be empty or missing |
/// | `half` | of the validation split, by the original; only written |
/// | `probability` | 1 / (1 + exp(−logit)); only written |
public enum ScoreFile {
  /// The columns that are written, in this order.
  static let columns = [
    "name", "label", "original", "logit", "probability", "dataset", "video", "frame", "x", "y", "width",
    "height",
    "method", "compression", "split", "half",
  ]

  /// The scores as the text of a file. Logits come back from it to the bit.
  public static func text(_ faces: [ScoredFace]) -> String {
    var text = columns.joined(separator: ",") + "\n"
    for face in faces {
      let record = face.record
      let box = record.box ?? []
      let fields =
        [
          record.name, record.label.rawValue, record.original ?? "", "\(face.logit)",
          "\(Float(face.sample.probability))", record.dataset, record.video,
          record.frame.map(String.init) ?? "",
        ] + (0..<4).map { $0 < box.count ? "\(box[$0])" : "" } + [
          record.method ?? "", record.compression ?? "", record.split.rawValue,
          record.split == .validation ? record.half.rawValue : "",
        ]
      text += fields.map(CSVTable.field).joined(separator: ",") + "\n"
    }
    return text
  }

  /// Reads scores; where there is no split, `missingSplit` is taken.
  ///
  /// - Throws: `DatasetError` that names the line.
  public static func read(_ path: String, missingSplit: FaceRecord.Split = .validation) throws(DatasetError)
    -> [ScoredFace]
  {
    let bytes: [UInt8]
    do throws(VideoError) {
      bytes = try WholeFile.read(path)
    } catch {
      throw DatasetError(.file, error.message, path: path)
    }
    var table = try CSVTable(Data(bytes), path: path)
    try table.require(["name", "label", "logit"])
    var faces: [ScoredFace] = []
    while let row = try table.next() {
      guard let name = row["name"] else { throw row.error("the name is empty") }
      guard let label = row["label"].flatMap(FaceRecord.Label.init) else {
        throw row.error("the label is \(shown(row["label"])); real and fake are known")
      }
      guard let logit = row["logit"].flatMap(Double.init), logit.isFinite else {
        throw row.error("the logit is \(shown(row["logit"])), no number")
      }
      var split = missingSplit
      if let text = row["split"] {
        guard let known = FaceRecord.Split(rawValue: text) else {
          throw row.error("the split is \(shown(text)); train, validation and test are known")
        }
        split = known
      }
      let box = ["x", "y", "width", "height"].compactMap { row[$0].flatMap(Double.init) }
      faces.append(
        ScoredFace(
          record: FaceRecord(
            name: name, dataset: row["dataset"] ?? "", video: row["video"] ?? name, label: label,
            original: label == .fake ? row["original"] : nil, method: row["method"], split: split,
            frame: row["frame"].flatMap(Int.init),
            box: box.count == 4 && box.allSatisfy { $0.isFinite } && box[2] >= 0 && box[3] >= 0 ? box : nil,
            compression: row["compression"]), logit: logit))
    }
    guard !faces.isEmpty else { throw DatasetError(.empty, "holds no scores", path: path) }
    return faces
  }

  private static func shown(_ value: String?) -> String { value.map { String($0.prefix(40)) } ?? "empty" }
}
