import Detector
import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import VideoIO
import WhyFake

/// `explanation.json`: `Documentation/Schemas/explanation-1.schema.json`.
struct ExplanationRecord {
  let analysis: Analysis
  let exhibits: [Exhibit]
  let provenance: Provenance

  func json() -> JSONValue {
    [
      "schemaVersion": 1,
      "whyfake": .string(Analyzer.version),
      "created": .string(provenance.created),
      "input": input(),
      "model": model(),
      "settings": [
        "framesAsked": .integer(provenance.framesAsked),
        "class": .string(provenance.target),
        "explainers": .array(provenance.explainers.map(JSONValue.string)),
        "paired": .text(provenance.options.paired),
        "segments": .string(provenance.options.segments),
        "segmentCount": provenance.options.segmentCount.map(JSONValue.integer) ?? nil,
        "replacement": .string(provenance.options.chosenReplacement.rawValue),
        "budget": provenance.options.budget.map(JSONValue.integer) ?? nil,
        "precision": provenance.options.precision.map(JSONValue.number) ?? nil,
        "seed": .integer(Int(clamping: provenance.seed)),
        "computedBy": .string(provenance.computedBy),
        "decoder": .string(provenance.decoder),
        "command": .string(provenance.command),
      ],
      "verdict": .string(analysis.verdict.rawValue),
      "probability": .rounded(analysis.opinion?.probability, 6),
      "logit": .float(analysis.opinion?.logit),
      "score": .rounded(analysis.opinion?.score, 6),
      "framesSampled": .array(
        analysis.frames.map { frame in
          ["index": .integer(frame.index), "time": .rounded(frame.time, 6)]
        }),
      "tracks": .array(analysis.tracks.map(track)),
      "notes": .array(analysis.notes.map(JSONValue.string)),
      "seconds": .object(
        provenance.timings.map { JSONValue.Member(key: $0.stage, value: .rounded($0.seconds, 4)) }),
      "files": .array(provenance.files.map(JSONValue.string)),
    ]
  }

  private func input() -> JSONValue {
    let input = analysis.input
    return [
      "path": .string(input.path),
      "kind": .string(input.kind.rawValue),
      "sha256": .string(provenance.sha256),
      "bytes": .integer(provenance.bytes),
      "width": .integer(input.width),
      "height": .integer(input.height),
      "frameCount": .integer(input.frameCount),
      "duration": .rounded(input.duration, 6),
      "frameRate": .rounded(input.frameRate, 4),
      "codec": .text(input.codec),
      "rotation": .integer(input.rotation),
      "colour": .text(input.colour),
    ]
  }

  private func model() -> JSONValue {
    let model = analysis.model
    return [
      "name": .string(model.name),
      "architecture": .string(model.architecture),
      "inputSize": .integer(model.inputSize),
      "cropPolicy": .string(model.cropPolicy.name),
      "trainingData": .text(model.trainingData),
      "performance": .text(model.performance),
      "parametersSHA256": .text(provenance.parameters[model.name]),
      "source": .text(model.source),
      "licence": .text(model.licence),
    ]
  }

  private func track(_ track: Analysis.Track) -> JSONValue {
    let exhibit = exhibits.first { $0.track.number == track.number }
    return [
      "track": .integer(track.number),
      "judged": .bool(track.judged),
      "probability": .rounded(track.opinion.probability, 6),
      "logit": .float(track.opinion.logit),
      "score": .rounded(track.opinion.score, 6),
      "frames": .array(
        zip(track.clip.frames, track.logits).map { frame, logit in
          [
            "index": .integer(frame.index),
            "time": .rounded(frame.time, 6),
            "box": frame.face.map { face in
              .array([face.box.x, face.box.y, face.box.width, face.box.height].map { .rounded($0, 2) })
            } ?? nil,
            "keypoints": .array(
              (frame.face?.keypoints ?? []).map { .array([.rounded($0.x, 2), .rounded($0.y, 2)]) }),
            "confidence": .rounded(frame.face?.confidence, 4),
            "logit": .float(logit),
          ]
        }),
      "explanations": .array(
        exhibit.map { exhibit in exhibit.explanations.indices.map { explanation($0, of: exhibit) } } ?? []),
      "overlay": .text(exhibit?.overlay),
    ]
  }

  private func explanation(_ i: Int, of exhibit: Exhibit) -> JSONValue {
    let item = exhibit.explanations[i]
    let (metrics, removal) = (item.metrics, item.examination?.removal)
    return [
      "explainer": .string(item.map.explainer),
      "model": .string(item.map.model),
      "parametersSHA256": .text(provenance.parameters[item.map.model]),
      "class": .string(item.map.target.rawValue),
      "kind": .string(item.map.kind.rawValue),
      "resolution": .array(item.map.values.shape.map(JSONValue.integer)),
      "empty": .bool(item.relevance.isEmpty),
      "relevance": .string(item.relevanceFile),
      "signed": .text(item.signedFile),
      "overlay": .string(item.overlay),
      "evaluations": .integer(item.map.cost.evaluations),
      "framePasses": .integer(item.map.cost.framePasses),
      "seconds": .rounded(item.map.cost.seconds, 4),
      "completenessGap": item.map.completenessGap.map(JSONValue.number) ?? nil,
      "segments": item.map.segments.map { segments($0, item) } ?? nil,
      "words": item.examination?.statement.json(item.clip) ?? nil,
      "regions": item.examination?.regions.map(regions) ?? nil,
      "metrics": [
        "frames": .integer(metrics.frames),
        "intensity": .rounded(metrics.intensity, 6),
        "variance": .rounded(metrics.variance, 6),
        "interFrameConsistency": .rounded(metrics.interFrameConsistency, 6),
        "intraFrameConsistency": .rounded(metrics.intraFrameConsistency, 6),
        "centredness": .rounded(metrics.centredness, 6),
        "deletion": .rounded(removal?.deletion.value, 6),
        "insertion": .rounded(removal?.insertion.value, 6),
        "deletionByChance": .rounded(removal?.chance.deletion.value, 6),
        "insertionByChance": .rounded(removal?.chance.insertion.value, 6),
        "agreement": .object(
          exhibit.agreements(of: i).map { other in
            JSONValue.Member(key: other.item.map.explainer, value: .rounded(other.rankCorrelation, 6))
          }),
      ],
    ]
  }
}

/// The share of the clip's relevance on each part of the face, frame by frame.
private func regions(_ table: RegionTable) -> JSONValue {
  .object(
    FaceRegion.allCases.map { region in
      let shares = (0..<table.frames).map { table.share(of: region, inFrame: $0) }
      return JSONValue.Member(key: region.name, value: .array(shares.map { .rounded($0, 6) }))
    })
}

/// The values of segments, in logits.
private func segments(_ segments: SegmentAttributions, _ item: Exhibit.Item) -> JSONValue {
  [
    "count": .integer(segments.supervoxels.count),
    "labels": .text(item.segmentsFile),
    "values": .array(segments.values.map(JSONValue.number)),
    "standardErrors": segments.standardErrors.map { .array($0.map(JSONValue.number)) } ?? nil,
  ]
}

/// What was run on what, beyond the analysis itself.
struct Provenance {
  var created: String
  var sha256: String
  var bytes: Int
  var framesAsked: Int
  var target: String
  var explainers: [String]
  /// How it was explained.
  var options: ExplainerOptions
  var seed: UInt64
  var computedBy: String
  /// The version of what decodes.
  var decoder: String
  /// SHA-256 of each model's parameters, by the model's name.
  var parameters: [String: String]
  /// What was typed, or does the same.
  var command: String
  var timings: [(stage: String, seconds: Double)]
  /// Everything in the output folder.
  var files: [String]
}
