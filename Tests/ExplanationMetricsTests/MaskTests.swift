import ExplanationMetrics
import Explainers
import FaceCrop
import Foundation
import Tensor
import TestSupport
import Testing
import VideoIO

@Suite("Masks of what was manipulated")
struct MaskTests {
  /// The pictures of `Tests/Golden/metrics/masks.py`.
  private func pair(_ side: Int, _ frames: Int) -> Clip {
    let count = frames * side * side * 3
    let u = DrawnMaps.uniform(7, 3 * count)
    var (fakes, originals) = ([UInt8](), [UInt8]())
    for i in 0..<count {
      let (x, y) = (i / 3 % side - 30, i / 3 / side % side - 36)
      let original = 96 + (64 * u[i]).rounded(.down)
      let change =
        x * x + y * y < 225
        ? (60 * u[count + i]).rounded(.down) : (7 * u[2 * count + i]).rounded(.down) - 3
      originals.append(UInt8(original))
      fakes.append(UInt8(original + change))
    }
    func crops(_ bytes: [UInt8]) -> [RGBImage] {
      Clip(bytes: bytes, count: frames, side: side, size: side).crops
    }
    return Clip(frames: (0..<frames).map { .init(index: $0) }, crops: crops(fakes), paired: crops(originals))
  }

  @Test("are those of SciPy (absolute difference) and scikit-image (SSIM), pixel by pixel")
  func golden() throws {
    struct Golden: Decodable {
      struct Case: Decodable {
        let difference: String
        let margin: Int
        let threshold: Float
        let count: Int
        let mask: String
      }
      let side: Int
      let frames: Int
      let cases: [Case]
    }
    let golden = try JSONDecoder().decode(
      Golden.self, from: Data(contentsOf: URL(fileURLWithPath: TestSupport.Golden.path("metrics/masks.json")))
    )
    let clip = pair(golden.side, golden.frames)
    #expect(golden.cases.count == 6)
    for expected in golden.cases {
      let mask = try ManipulationMask(
        pairOf: clip, difference: expected.difference == "absolute" ? .absolute : .structural,
        threshold: expected.threshold)
      let inner = expected.margin..<(golden.side - expected.margin)
      let bits = (0..<golden.frames).flatMap { t in
        inner.flatMap { y in inner.map { x in Array(mask.plane(t))[y * golden.side + x] } }
      }
      let digits = expected.mask.utf8.flatMap { digit -> [Bool] in
        let value = Int(String(UnicodeScalar(digit)), radix: 16)!
        return (0..<4).map { value >> (3 - $0) & 1 == 1 }
      }
      #expect(bits.count { $0 } == expected.count)
      #expect(bits == Array(digits.prefix(bits.count)), "\(expected.difference) above \(expected.threshold)")
    }
  }

  @Test("equal pictures differ nowhere, and what is beside a clip can be the mask itself")
  func painted() throws {
    let side = 32
    let grey = RGBImage(width: side, height: side, red: 90, green: 90, blue: 90)
    var half = RGBImage(width: side, height: side, red: 0, green: 0, blue: 0)
    for y in 0..<side { for x in 0..<side / 2 { half[x, y] = (255, 255, 255) } }
    func clip(_ beside: RGBImage?) -> Clip {
      Clip(frames: [.init(index: 0)], crops: [grey], paired: beside.map { [$0] })
    }
    for difference in [ManipulationMask.Difference.absolute, .structural] {
      #expect(try ManipulationMask(pairOf: clip(grey), difference: difference).share == 0)
    }
    let mask = try ManipulationMask(paintedBeside: clip(half))
    #expect(mask.share == 0.5 && mask.values[0] && !mask.values[side - 1])
    #expect(try ManipulationMask(paintedBeside: clip(half), above: 1).share == 0)
    #expect(throws: ExplanationError.self) { try ManipulationMask(paintedBeside: clip(nil)) }
    #expect(throws: ExplanationError.self) { try ManipulationMask(pairOf: clip(nil)) }
  }
}
