import Datasets
import Foundation
import Tensor
import TestSupport
import Testing
import Training
import VideoIO

@Suite("Pair difference")
struct PairDifferenceTests {
  let original = testPicture(224, 224).noisy(6, seed: 1)

  /// Another face in the middle, and a compression's noise everywhere.
  func fake(of image: RGBImage) -> RGBImage {
    let other = testPicture(224, 224, seed: 9)
    var fake = image
    for y in 60..<180 {
      for x in 50..<170 { fake[x, y] = other[x, y] }
    }
    return fake.noisy(1.5, seed: 3)
  }

  @Test("a manipulated copy is aligned, whatever its brightness; a moved one and another picture are not")
  func alignment() {
    let fake = fake(of: original)
    #expect(PairAlignment(fake, original).isAligned)
    var draw = AugmentationDraw()
    draw.tone = .init(brightness: 0.05, contrast: 0.8)
    #expect(PairAlignment(draw.degrade(fake), original).isAligned)
    for (x, y) in [(1, 0), (0, 1), (-1, 0), (2, 0), (0, -3), (5, 4), (20, 0)] {
      let alignment = PairAlignment(fake.cropped(x: x, y: y, width: 224, height: 224), original)
      #expect(!alignment.isAligned, "moved by (\(x), \(y)): \(alignment)")
    }
    let zoomed = CropPlacement(scale: 0.93).place(fake, side: 224)
    #expect(!PairAlignment(zoomed, original).isAligned)
    #expect(!PairAlignment(testPicture(224, 224, seed: 20).noisy(6, seed: 4), original).isAligned)
    #expect(PairDifference(fake: zoomed, original: original) == nil)
    #expect(
      PairDifference(fake: fake.cropped(x: 0, y: 0, width: 223, height: 224), original: original) == nil)
  }

  @Test("the difference is that of the levels, smoothed")
  func values() throws {
    var fake = original
    for y in 64..<160 {
      for x in 64..<160 {
        let c = original[x, y]
        fake[x, y] = (c.red ^ 32, c.green ^ 16, c.blue)
      }
    }
    let plain = try #require(PairDifference(fake: fake, original: original, smoothing: 0))
    for (i, value) in plain.values.enumerated() {
      let isInside = (64..<160).contains(i % 224) && (64..<160).contains(i / 224)
      #expect(abs(value - (isInside ? 48.0 / 765 : 0)) < 1e-6)
    }
    let smooth = try #require(PairDifference(fake: fake, original: original))
    let at = { (x: Int, y: Int) in smooth.values[y * 224 + x] * 765 / 48 }
    #expect(abs(at(112, 112) - 1) < 1e-4 && at(20, 20) == 0)
    // Half of it half a pixel beside the edge, to what the slope makes of that: 0.5 / (4 · √2π).
    #expect(abs(at(64, 112) - 0.55) < 0.01 && abs(at(63, 112) - 0.45) < 0.01)
  }

  @Test("a target is the mean under each cell, less the background, scaled to 1 or to a sum of 1")
  func target() throws {
    var fake = original
    for y in 64..<160 {
      for x in 64..<128 {
        let c = original[x, y]
        fake[x, y] = (c.red ^ 32, c.green ^ 32, c.blue ^ 32)
      }
    }
    let difference = try #require(PairDifference(fake: fake, original: original, smoothing: 0))
    for side in [7, 14, 28] {
      let cell = 224 / side
      let target = try #require(difference.maskTarget(width: side, height: side))
      let sum = try #require(difference.maskTarget(width: side, height: side, scale: .sum))
      for i in target.indices {
        let isIn = (64..<128).contains(i % side * cell) && (64..<160).contains(i / side * cell)
        #expect(abs(target[i] - (isIn ? 1 : 0)) < 1e-5)
      }
      #expect(abs(sum.reduce(0, +) - 1) < 1e-5)
    }
    // Cells that do not divide the picture: the sum of means is kept.
    let odd = try #require(difference.maskTarget(width: 9, height: 5, scale: .sum))
    #expect(odd.count == 45 && abs(odd.reduce(0, +) - 1) < 1e-5)
    #expect(difference.maskTarget(width: 7, height: 7, least: 0.2) == nil)
    #expect(difference.maskTarget(width: 7, height: 7, least: 0.1) != nil)
    let none = try #require(PairDifference(fake: original, original: original))
    #expect(none.maskTarget(width: 7, height: 7) == nil)
  }

  @Test("one bright cell does not darken the rest")
  func robust() throws {
    var fake = original
    for y in 32..<192 {
      for x in 32..<192 {
        let c = original[x, y]
        let bits: UInt8 = (96..<112).contains(x) && (96..<112).contains(y) ? 128 : 32
        fake[x, y] = (c.red ^ bits, c.green ^ bits, c.blue ^ bits)
      }
    }
    let difference = try #require(PairDifference(fake: fake, original: original, smoothing: 0))
    let target = try #require(difference.maskTarget(width: 14, height: 14))
    #expect(abs(target[5 * 14 + 5] - 1) < 1e-5 && target.filter { $0 == 1 }.count == 100)
  }

  @Test("a difference goes where its crop goes")
  func placed() throws {
    let difference = try #require(PairDifference(fake: fake(of: original), original: original))
    let flipped = difference.placed(CropPlacement(isFlipped: true), side: 224)
    for i in stride(from: 0, to: 224 * 224, by: 97) {
      #expect(abs(flipped.values[i] - difference.values[i / 224 * 224 + 223 - i % 224]) < 1e-5)
    }
    let small = difference.placed(CropPlacement(scale: 0.9, rotation: 5), side: 112)
    #expect(small.width == 112 && small.height == 112 && small.values.count == 112 * 112)
    #expect(small.maskTarget(width: 14, height: 14) != nil)
  }

  @Test("about three quarters of DFDC's pairs of crops are aligned", .enabled(if: testData != nil))
  func dfdc() throws {
    let set = try FaceSet(try #require(testData).appendingPathComponent("dfdc-faces").path)
    var generator = SplitMix(seed: 11)
    var fakes = set.records.indices.filter { set.original(of: $0) != nil }
    fakes.shuffle(using: &generator)
    var aligned = 0
    for i in fakes.prefix(100) {
      let original = try set.picture(try #require(set.original(of: i)))
      if PairDifference(fake: try set.picture(i), original: original) != nil { aligned += 1 }
    }
    print("aligned: \(aligned) of 100 pairs")
    #expect((65...85).contains(aligned))
  }
}
