import CWhyFakeTraining
import Foundation
import Tensor
import TestSupport
import Testing
import Training
import VideoIO

@Suite("Augmentation")
struct AugmentationTests {
  let picture = testPicture()

  @Test("equal seeds make equal pictures, other seeds others")
  func seeds() {
    func make(_ seed: UInt64) -> [RGBImage] {
      var generator = SplitMix(seed: seed)
      return (0..<6).map { _ in Augmentation.standard.draw(&generator).apply(picture, side: 64) }
    }
    #expect(make(3) == make(3))
    #expect(make(3) != make(4))
  }

  @Test("a recipe and a draw come back equal from JSON")
  func coding() throws {
    var recipe = Augmentation.standard
    recipe.noise.strength = 0.1...(1.0 / 3)
    for recipe in [recipe, .none, .light, .standard] {
      let data = try JSONEncoder().encode(recipe)
      #expect(try JSONDecoder().decode(Augmentation.self, from: data) == recipe)
    }
    var generator = SplitMix(seed: 2)
    for _ in 0..<20 {
      let draw = recipe.draw(&generator)
      let data = try JSONEncoder().encode(draw)
      #expect(try JSONDecoder().decode(AugmentationDraw.self, from: data) == draw)
    }
  }

  @Test("nothing happens without a recipe, and a draw of nothing only scales")
  func none() {
    var generator = SplitMix(seed: 1)
    let draw = Augmentation.none.draw(&generator)
    #expect(draw == AugmentationDraw())
    for side in [48, 96, 131] {
      #expect(draw.apply(picture, side: side) == picture.resized(width: side, height: side))
    }
  }

  @Test("each part of a recipe changes what is drawn, and only its own part")
  func parts() {
    func draws(_ recipe: Augmentation) -> [AugmentationDraw] {
      var generator = SplitMix(seed: 9)
      return (0..<40).map { _ in recipe.draw(&generator) }
    }
    let plain = draws(.standard)
    func check<Value: Equatable>(
      _ what: String, _ part: WritableKeyPath<AugmentationDraw, Value>, _ value: Value,
      _ change: (inout Augmentation) -> Void
    ) {
      var recipe = Augmentation.standard
      change(&recipe)
      var changed = draws(recipe)
      #expect(changed != plain, "\(what)")
      var expected = plain
      for i in changed.indices {
        changed[i][keyPath: part] = value
        expected[i][keyPath: part] = value
        // A cut-out on a face part goes where the crop puts that part.
        if what.hasPrefix("crop") || what == "flip" { (changed[i].cutOut, expected[i].cutOut) = (nil, nil) }
      }
      #expect(changed == expected, "\(what) changes something else")
    }
    check("flip", \.placement.isFlipped, false) { $0.flip = 0 }
    check("crop scale", \.placement, .init()) { $0.crop.scale = 0.5...0.6 }
    check("crop shift", \.placement, .init()) { $0.crop.shift = 0.2 }
    check("crop rotation", \.placement.rotation, 0) { $0.crop.rotation = 30 }
    check("crop rotation's probability", \.placement.rotation, 0) { $0.crop.rotationProbability = 1 }
    check("tone", \.tone, nil) { $0.tone.probability = 1 }
    check("brightness", \.tone, nil) { $0.tone.brightness = 0...0.5 }
    check("contrast", \.tone, nil) { $0.tone.contrast = 1...2 }
    check("color", \.color, nil) { $0.color.probability = 1 }
    check("hue", \.color, nil) { $0.color.hue = 0...90 }
    check("saturation", \.color, nil) { $0.color.saturation = 0...0.1 }
    check("downscaling", \.downscaling, nil) { $0.downscaling.probability = 1 }
    check("downscaling's strength", \.downscaling, nil) { $0.downscaling.strength = 0.1...0.2 }
    check("blur", \.blur, nil) { $0.blur.probability = 1 }
    check("blur's strength", \.blur, nil) { $0.blur.strength = 3...4 }
    check("noise", \.noise, nil) { $0.noise.probability = 1 }
    check("noise's strength", \.noise, nil) { $0.noise.strength = 20...30 }
    check("compression", \.compressions, []) { $0.compression.probability = 1 }
    check("quality", \.compressions, []) { $0.compression.quality = 5...6 }
    check("compression again", \.compressions, []) { $0.compression.again = 1 }
    check("cut-out", \.cutOut, nil) { $0.cutOut.probability = 1 }
    check("cut-out's strength", \.cutOut, nil) { $0.cutOut.strength = 0.5...0.6 }
  }

  @Test("what is drawn stays in its range and comes as often as it should")
  func ranges() {
    let recipe = Augmentation.standard
    var generator = SplitMix(seed: 12)
    let draws = (0..<4000).map { _ in recipe.draw(&generator) }
    func share(_ p: Double, _ what: String, _ isThere: (AugmentationDraw) -> Bool) {
      let share = Double(draws.filter(isThere).count) / 4000
      // Five standard errors.
      #expect(abs(share - p) <= 5 * (p * (1 - p) / 4000).squareRoot(), "\(what): \(share)")
    }
    share(recipe.flip, "flip") { $0.placement.isFlipped }
    share(recipe.crop.rotationProbability, "rotation") { $0.placement.rotation != 0 }
    share(recipe.tone.probability, "tone") { $0.tone != nil }
    share(recipe.color.probability, "color") { $0.color != nil }
    share(recipe.downscaling.probability, "down-scaling") { $0.downscaling != nil }
    share(recipe.blur.probability, "blur") { $0.blur != nil }
    share(recipe.noise.probability, "noise") { $0.noise != nil }
    share(recipe.compression.probability, "compression") { !$0.compressions.isEmpty }
    share(recipe.compression.probability * recipe.compression.again, "again") { $0.compressions.count == 2 }
    share(recipe.cutOut.probability, "cut-out") { $0.cutOut != nil }
    for draw in draws {
      let place = draw.placement
      let room = max(0, 1 - place.scale) / 2 + recipe.crop.shift
      #expect(recipe.crop.scale.contains(place.scale) && abs(place.x) <= room && abs(place.y) <= room)
      #expect(abs(place.rotation) <= recipe.crop.rotation)
      #expect(draw.tone.map { recipe.tone.brightness.contains($0.brightness) } ?? true)
      #expect(draw.tone.map { recipe.tone.contrast.contains($0.contrast) } ?? true)
      #expect(draw.color.map { recipe.color.hue.contains($0.hue) } ?? true)
      #expect(draw.color.map { recipe.color.saturation.contains($0.saturation) } ?? true)
      #expect(draw.downscaling.map { recipe.downscaling.strength.contains($0) } ?? true)
      #expect(draw.blur.map { recipe.blur.strength.contains($0) } ?? true)
      #expect(draw.noise.map { recipe.noise.strength.contains($0.deviation) } ?? true)
      #expect(draw.compressions.allSatisfy { recipe.compression.quality.contains($0.quality) })
    }
    #expect(draws.map { $0.tone?.contrast ?? 1 }.max()! > 1.24)
    #expect(draws.map { $0.tone?.contrast ?? 1 }.min()! < 0.76)
    #expect(Set(draws.flatMap(\.compressions).map(\.quality)).count == 50)
  }

  @Test("a part of the picture stays inside it where the recipe does not shift")
  func inside() {
    var generator = SplitMix(seed: 4)
    for _ in 0..<500 {
      let place = Augmentation.light.draw(&generator).placement
      #expect(abs(place.x) + place.scale / 2 <= 0.5 + 1e-12 && abs(place.y) + place.scale / 2 <= 0.5 + 1e-12)
    }
  }

  @Test("a recipe that cannot be drawn from says what is wrong")
  func problems() {
    for recipe in [Augmentation.none, .light, .standard] { #expect(recipe.problem == nil) }
    func problem(_ change: (inout Augmentation) -> Void) -> String {
      var recipe = Augmentation.standard
      change(&recipe)
      return recipe.problem ?? ""
    }
    #expect(problem { $0.flip = 1.5 }.contains("flip is 1.5"))
    #expect(problem { $0.noise.probability = .nan }.contains("noise is nan"))
    #expect(problem { $0.crop.scale = 0...1 }.contains("scale"))
    #expect(problem { $0.crop.shift = -1 }.contains("shift"))
    #expect(problem { $0.crop.rotation = 200 }.contains("rotation"))
    #expect(problem { $0.compression.quality = 0...50 }.contains("quality"))
    #expect(problem { $0.downscaling.strength = 0...1 }.contains("down-scaling"))
  }

  @Test("the same bytes with every kernel set")
  func kernelSets() {
    func make() -> [[UInt8]] {
      var generator = SplitMix(seed: 8)
      return (0..<60).map { _ in Augmentation.standard.draw(&generator).apply(picture, side: 73).pixels }
    }
    let best = wf_training_kernels()
    defer { wf_training_use(best) }
    let expected = make()
    for set in [WF_TRAINING_PLAIN, WF_TRAINING_AVX2, WF_TRAINING_AVX512] {
      let used = wf_training_use(set)
      #expect(make() == expected, "set \(used)")
    }
  }
}
