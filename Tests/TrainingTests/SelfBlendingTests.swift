import CWhyFakeTraining
import Foundation
import Tensor
import Testing
import Training
import VideoIO

@Suite("Self-blending")
struct SelfBlendingTests {
  let real = testPicture(96, 96)
  /// A copy in place, nothing changed, the mask as it is drawn.
  let nothing = SelfBlending(
    colorProbability: 1, channelShift: 0, hue: 0...0, saturation: 1...1, brightness: 0...0, contrast: 1...1,
    downscalingShare: 0,
    sharpening: 0...0, scale: 1...1, shift: 0, partProbability: 0, jitter: 0, elasticity: 0,
    smoothing: 0.01...0.01, ratios: [1])

  func fakes(_ options: SelfBlending, seed: UInt64 = 5, count: Int = 8) -> [[UInt8]] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in options.fake(from: real, &generator).image.pixels }
  }

  @Test("equal seeds make equal pseudo-fakes, other seeds others, with every kernel set")
  func seeds() {
    let expected = fakes(SelfBlending())
    #expect(fakes(SelfBlending()) == expected)
    #expect(fakes(SelfBlending(), seed: 6) != expected)
    let best = wf_training_kernels()
    defer { wf_training_use(best) }
    for set in [WF_TRAINING_PLAIN, WF_TRAINING_AVX2, WF_TRAINING_AVX512] {
      let used = wf_training_use(set)
      #expect(fakes(SelfBlending()) == expected, "set \(used)")
    }
  }

  @Test("options come back equal from JSON")
  func coding() throws {
    let options = SelfBlending(hue: -7...(20.0 / 3), ratios: [0.3, 1])
    let data = try JSONEncoder().encode(options)
    #expect(try JSONDecoder().decode(SelfBlending.self, from: data) == options)
  }

  @Test("a source that is not changed leaves the picture as it was")
  func identity() {
    var generator = SplitMix(seed: 1)
    for _ in 0..<4 {
      #expect(nothing.fake(from: real, &generator).image == real)
    }
  }

  @Test("the picture is source · mask + target · (1 − mask), either of them changed")
  func blend() {
    var options = nothing
    options.brightness = 0.1...0.1
    options.ratios = [0.75]
    let pale = AugmentationDraw.tone(contrast: 0.7, of: real)
    var generator = SplitMix(seed: 2)
    var changed = [0, 0]
    for _ in 0..<12 {
      let (image, mask) = options.fake(from: pale, &generator)
      #expect(abs(mask.max()! - 0.75) < 1e-5 && mask.min()! == 0)
      let inFace = difference(image.pixels, pale.pixels) { 25.5 * Double(mask[$0 / 3]) }
      let around = difference(image.pixels, pale.pixels) { 25.5 * (1 - Double(mask[$0 / 3])) }
      #expect(min(inFace, around) <= 0.502)
      changed[inFace < around ? 0 : 1] += 1
    }
    #expect(changed[0] > 0 && changed[1] > 0)
  }

  private func difference(_ a: [UInt8], _ b: [UInt8], _ expected: (Int) -> Double) -> Double {
    a.indices.map { abs(Double(a[$0]) - Double(b[$0]) - expected($0)) }.max()!
  }

  @Test("each option changes the result")
  func options() {
    let plain = fakes(SelfBlending())
    func check(_ what: String, _ change: (inout SelfBlending) -> Void) {
      var options = SelfBlending()
      change(&options)
      #expect(fakes(options) != plain, "\(what)")
    }
    check("probability of a colour") { $0.colorProbability = 1 }
    check("channel shift") { $0.channelShift = 3 }
    check("hue") { $0.hue = 0...1 }
    check("saturation") { $0.saturation = 0...0.1 }
    check("brightness") { $0.brightness = 0.1...0.2 }
    check("contrast") { $0.contrast = 0.5...0.6 }
    check("share of down-scaling") { $0.downscalingShare = 1 }
    check("down-scaling") { $0.downscaling = 0.8...0.9 }
    check("sharpening") { $0.sharpening = 2...3 }
    check("scale") { $0.scale = 0.8...0.9 }
    check("shift") { $0.shift = 0.1 }
    check("part") { $0.partProbability = 1 }
    check("jitter") { $0.jitter = 0.1 }
    check("elasticity") { $0.elasticity = 0.1 }
    check("smoothing") { $0.smoothing = 0.05...0.06 }
    check("ratios") { $0.ratios = [0.1] }
  }

  @Test("masks are shares, cover a face's part of the crop, and leave its edge alone")
  func masks() {
    var generator = SplitMix(seed: 3)
    var areas: [Double] = []
    for _ in 0..<60 {
      let (image, mask) = SelfBlending().fake(from: real, &generator)
      #expect(mask.count == 96 * 96 && mask.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(image.width == 96 && image.height == 96)
      let peak = mask.max()!
      areas.append(Double(mask.filter { $0 > peak / 2 }.count) / (96 * 96))
      #expect([0, 95, 95 * 96, 96 * 96 - 1].allSatisfy { mask[$0] < 0.01 })
    }
    print("mask areas \(areas.min()!) … \(areas.max()!)")
    #expect(areas.min()! > 0.02 && areas.max()! < 0.85 && areas.max()! > 0.35)
  }

  @Test("the mask follows the keypoints: where they go, as large and as turned as they are")
  func keypoints() {
    func moments(_ keypoints: [Point]?) -> (x: Double, y: Double, area: Double) {
      var generator = SplitMix(seed: 4)
      let mask = nothing.fake(from: testPicture(200, 200), keypoints: keypoints, &generator).mask
      var (sum, x, y) = (0.0, 0.0, 0.0)
      for i in mask.indices {
        sum += Double(mask[i])
        x += Double(mask[i]) * Double(i % 200)
        y += Double(mask[i]) * Double(i / 200)
      }
      return (x / sum, y / sum, sum)
    }
    func points(_ place: (Double, Double) -> (Double, Double)) -> [Point] {
      [(0.32, 0.31), (0.68, 0.31), (0.5, 0.54), (0.5, 0.8), (0.1, 0.35), (0.9, 0.35)].map { x, y in
        let (a, b) = place(x * 200, y * 200)
        return Point(x: a, y: b)
      }
    }
    let none = moments(nil)
    // With keypoints the chin is lower.
    let same = moments(points { ($0, $1) })
    #expect(abs(none.x - same.x) < 0.5 && same.y > none.y && same.y < none.y + 12)
    let small = moments(points { (50 + 0.4 * $0, 40 + 0.4 * $1) })
    let moved = moments(points { (80 + 0.4 * $0, 60 + 0.4 * $1) })
    #expect(abs(moved.x - small.x - 30) < 0.5 && abs(moved.y - small.y - 20) < 0.5)
    let smaller = moments(points { (50 + 0.3 * $0, 40 + 0.3 * $1) })
    #expect(smaller.area < 0.75 * small.area && smaller.area > 0.4 * small.area)
    // A quarter turn about (100, 100): the mask's middle turns with it.
    let turned = moments(points { (100 - 0.4 * ($1 - 100), 100 + 0.4 * ($0 - 100)) })
    let upright = moments(points { (100 + 0.4 * ($0 - 100), 100 + 0.4 * ($1 - 100)) })
    #expect(abs(turned.x - (200 - upright.y)) < 1.5 && abs(turned.y - upright.x) < 1.5)
    // A profile: both eyes at one place.
    let profile = moments([
      Point(x: 80, y: 70), Point(x: 80, y: 70), Point(x: 60, y: 100), Point(x: 82, y: 130),
      Point(x: 140, y: 80),
      Point(x: 140, y: 80),
    ])
    #expect(profile.area > 2000 && abs(profile.x - 81) < 10)
  }

  @Test("options that cannot be used say what is wrong")
  func problems() {
    #expect(SelfBlending().problem == nil)
    #expect(SelfBlending(ratios: []).problem?.contains("ratios") == true)
    #expect(SelfBlending(ratios: [2]).problem?.contains("ratios") == true)
    #expect(SelfBlending(downscaling: 0...1).problem?.contains("down-scaling") == true)
    #expect(SelfBlending(shift: 0.9).problem?.contains("shift") == true)
  }
}

extension AugmentationDraw {
  fileprivate static func tone(contrast: Double, of image: RGBImage) -> RGBImage {
    var draw = AugmentationDraw()
    draw.tone = .init(brightness: 0, contrast: contrast)
    return draw.degrade(image)
  }
}
