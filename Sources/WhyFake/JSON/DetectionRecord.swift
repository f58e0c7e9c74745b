import Detector
import FaceCrop
import VideoIO

extension Analysis {
  /// The result as one line of JSON: `Documentation/Schemas/detect-1.schema.json`.
  public func detectionJSON() -> String { detectionRecord().text() }

  /// The line that stands for an input that could not be analysed.
  public static func failureJSON(path: String, error: String) -> String {
    let record: JSONValue = ["schemaVersion": 1, "input": .string(path), "error": .string(error)]
    return record.text()
  }

  package func detectionRecord() -> JSONValue {
    [
      "schemaVersion": 1,
      "input": .string(input.path),
      "model": .string(model.name),
      "framesSampled": .integer(frames.count),
      "verdict": .string(verdict.rawValue),
      "probability": .rounded(opinion?.probability, 6),
      "logit": .float(opinion?.logit),
      "score": .rounded(opinion?.score, 6),
      "faces": .array(
        tracks.map { track in
          [
            "track": .integer(track.number),
            "judged": .bool(track.judged),
            "probability": .rounded(track.opinion.probability, 6),
            "logit": .float(track.opinion.logit),
            "frames": .array(
              zip(track.clip.frames, track.logits).map { frame, logit in
                [
                  "index": .integer(frame.index),
                  "time": .rounded(frame.time, 6),
                  "box": .box(frame.face?.box),
                  "confidence": .rounded(frame.face?.confidence, 4),
                  "logit": .float(logit),
                ]
              }),
          ]
        }),
    ]
  }
}

extension JSONValue {
  /// `[x, y, width, height]` to a hundredth of a pixel, or null.
  static func box(_ box: Box?) -> JSONValue {
    guard let box else { return .null }
    return .array([box.x, box.y, box.width, box.height].map { .rounded($0, 2) })
  }
}
