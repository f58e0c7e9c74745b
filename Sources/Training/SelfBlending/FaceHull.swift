import CWhyFakeTraining
import Foundation
import VideoIO

/// The outline of a face, or of a part of it, as a convex polygon.
struct FaceHull {
  /// What is blended.
  enum Region: CaseIterable {
    /// Brow to chin, temple to temple.
    case face
    /// Eyes, nose and mouth.
    case middle
    /// Below the eyes.
    case lower
    /// Brows to nose.
    case upper

    /// Points of the outline in shares of a tight crop's side (eyes at (0.32, 0.31) and (0.68, 0.31), mouth at (0.5, 0.8)).
    fileprivate var template: [(x: Double, y: Double)] {
      switch self {
      case .face:
        [
          (0.2, 0.12), (0.36, 0.07), (0.5, 0.06), (0.64, 0.07), (0.8, 0.12), (0.9, 0.3), (0.91, 0.5),
          (0.87, 0.7), (0.76, 0.88), (0.61, 0.96), (0.5, 0.97), (0.39, 0.96), (0.24, 0.88), (0.13, 0.7),
          (0.09, 0.5), (0.1, 0.3),
        ]
      case .middle:
        [
          (0.17, 0.2), (0.5, 0.15), (0.83, 0.2), (0.86, 0.38), (0.76, 0.72), (0.64, 0.9), (0.5, 0.92),
          (0.36, 0.9), (0.24, 0.72), (0.14, 0.38),
        ]
      case .lower:
        [
          (0.5, 0.42), (0.72, 0.5), (0.87, 0.62), (0.76, 0.88), (0.61, 0.96), (0.5, 0.97), (0.39, 0.96),
          (0.24, 0.88), (0.13, 0.62), (0.28, 0.5),
        ]
      case .upper:
        [
          (0.2, 0.12), (0.5, 0.06), (0.8, 0.12), (0.9, 0.3), (0.84, 0.46), (0.58, 0.66), (0.42, 0.66),
          (0.16, 0.46), (0.1, 0.3),
        ]
      }
    }
  }

  private static let eyes = ((x: 0.32, y: 0.31), (x: 0.68, y: 0.31))
  private static let mouth = (x: 0.5, y: 0.8)

  /// Counter to the clock in pixels (y downwards); three or more.
  let points: [(x: Double, y: Double)]

  /// The template in a crop of `width`×`height`, or laid on its keypoints, each point moved by what `jitter` gives (shares
  /// of the face's size).
  init(
    _ region: Region, width: Int, height: Int, keypoints: [Point]?, jitter: () -> (x: Double, y: Double)
  ) {
    let place = Self.place(width, height, keypoints)
    points = Self.hull(
      region.template.map { point in
        let shift = jitter()
        // A tight crop ends above the chin's end, which keypoints let one see.
        let y =
          keypoints == nil || point.y < Self.mouth.y ? point.y : Self.mouth.y + 1.6 * (point.y - Self.mouth.y)
        return place(point.x + shift.x, y + shift.y)
      })
  }

  /// For each edge its outward unit normal and its distance from the origin.
  var edges: [Float] {
    var values: [Float] = []
    for (i, a) in points.enumerated() {
      let b = points[(i + 1) % points.count]
      let length = hypot(b.x - a.x, b.y - a.y)
      let (nx, ny) = ((b.y - a.y) / length, (a.x - b.x) / length)
      values += [Float(nx), Float(ny), Float(nx * a.x + ny * a.y)]
    }
    return values
  }

  /// From the template's shares to pixels: the affine map that takes its eyes and mouth to those of the keypoints (right
  /// eye, left eye, nose, mouth, ears). Where these are nearly on a line (a profile), the similarity that takes the
  /// middle between the eyes and the mouth to theirs.
  private static func place(
    _ width: Int, _ height: Int, _ keypoints: [Point]?
  ) -> (Double, Double) -> (x: Double, y: Double) {
    guard let k = keypoints, k.count >= 4 else { return { (x: $0 * Double(width), y: $1 * Double(height)) } }
    let (a, b) = k[0].x <= k[1].x ? (k[0], k[1]) : (k[1], k[0])
    let middle = (x: (a.x + b.x) / 2, y: (a.y + b.y) / 2)
    let down = (x: k[3].x - middle.x, y: k[3].y - middle.y)
    let across = (x: b.x - a.x, y: b.y - a.y)
    let (faceDown, faceAcross) = (mouth.y - eyes.0.y, eyes.1.x - eyes.0.x)
    let unitDown = (x: down.x / faceDown, y: down.y / faceDown)
    var unitAcross = (x: across.x / faceAcross, y: across.y / faceAcross)
    // Seen from the front both units are about as long and at a right angle.
    let area = unitAcross.x * unitDown.y - unitAcross.y * unitDown.x
    let square = unitDown.x * unitDown.x + unitDown.y * unitDown.y
    if area < 0.4 * square { unitAcross = (unitDown.y, -unitDown.x) }
    return { x, y in
      let (u, v) = (x - 0.5, y - eyes.0.y)
      return (middle.x + u * unitAcross.x + v * unitDown.x, middle.y + u * unitAcross.y + v * unitDown.y)
    }
  }

  /// The convex hull (Andrew 1979).
  private static func hull(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let sorted = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    func half(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
      var chain: [(x: Double, y: Double)] = []
      for p in points {
        while chain.count > 1 {
          let (a, b) = (chain[chain.count - 2], chain[chain.count - 1])
          if (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0 { break }
          chain.removeLast()
        }
        chain.append(p)
      }
      return chain.dropLast()
    }
    return half(sorted) + half(sorted.reversed())
  }
}
