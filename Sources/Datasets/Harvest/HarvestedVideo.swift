import VideoIO

/// The record of a video that is done, kept beside its crops as `video.json`.
struct HarvestedVideo: Codable, Equatable {
  /// A crop: its frame, and the face's box there, of the original where that was followed.
  struct Crop: Codable, Equatable {
    var frame: Int
    var box: Box
  }

  /// How a fake stands to its original.
  enum Pairing: String, Codable {
    /// Cropped with its boxes.
    case follows
    /// The original is not there, or has no face.
    case withoutOriginal
    /// Its frames do not show what the original's do.
    case unlikeOriginal
  }

  var dataset: String
  var name: String
  var label: FaceRecord.Label
  var original: String?
  var method: String?
  var compression: String?
  var split: FaceRecord.Split
  /// In order of their frames; none where no face was found.
  var crops: [Crop]
  /// For a fake where originals are followed.
  var pairing: Pairing?
  /// What there is to say about it.
  var remark: String?

  init(_ video: DatasetVideo, crops: [Crop], pairing: Pairing? = nil, remark: String? = nil) {
    (dataset, name, label, original) = (video.dataset, video.name, video.label, video.original)
    (method, compression, split) = (video.method, video.compression, video.split)
    (self.crops, self.pairing, self.remark) = (crops, pairing, remark)
  }

  /// With what `video`'s dataset says of it now.
  func described(as video: DatasetVideo) -> HarvestedVideo {
    HarvestedVideo(video, crops: crops, pairing: pairing, remark: remark)
  }

  /// Its place below the set's folder.
  var place: String {
    DatasetVideo(path: "", dataset: dataset, name: name, label: label, compression: compression).place
  }

  /// The file of a crop without its suffix, below the video's folder: as many digits as sort most videos' frames.
  static func fileName(frame: Int) -> String {
    let digits = String(frame)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// Its lines of the index.
  var records: [FaceRecord] {
    let place = place
    return crops.map { crop in
      FaceRecord(
        name: "\(place)/\(Self.fileName(frame: crop.frame))", dataset: dataset, video: name, label: label,
        original: original, method: method, split: split, frame: crop.frame,
        box: [crop.box.x, crop.box.y, crop.box.width, crop.box.height], compression: compression)
    }
  }
}
