import Foundation
import Testing

@testable import Training

@Suite("Recipes") struct RecipeTests {
  @Test("the rate rises in a straight line, then falls down half a cosine to a hundredth") func cosine() {
    let stage = Recipe.Stage(size: 64, epochs: 1, rate: 1e-3, warmup: 10)
    #expect(abs(stage.rate(at: 0, of: 110, plateau: 1) - 1e-4) < 1e-10)
    #expect(stage.rate(at: 9, of: 110, plateau: 1) == 1e-3)
    #expect(stage.rate(at: 10, of: 110, plateau: 1) == 1e-3)
    #expect(abs(stage.rate(at: 60, of: 110, plateau: 1) - 1e-3 * 0.505) < 1e-8)
    #expect(abs(stage.rate(at: 110, of: 110, plateau: 1) - 1e-5) < 1e-8)
  }

  @Test("a plateau's factor counts where the schedule is a plateau, and only there") func plateau() {
    var stage = Recipe.Stage(size: 64, epochs: 1, rate: 1e-3, warmup: 0, schedule: .plateau)
    #expect(stage.rate(at: 5, of: 10, plateau: 0.25) == 2.5e-4)
    stage.schedule = .constant
    #expect(stage.rate(at: 5, of: 10, plateau: 0.25) == 1e-3)
  }

  @Test("stages follow each other without a gap") func stages() {
    var recipe = Recipe()
    recipe.stages = [.init(size: 64, epochs: 0.5, rate: 1), .init(size: 96, epochs: 2, rate: 1)]
    let plan = StagePlan(recipe, stepsPerEpoch: 7)
    #expect(plan.starts == [0, 4, 18])
    #expect(
      (0..<20).map { plan.stage(of: $0) ?? -1 } == [Int](repeating: 0, count: 4)
        + [Int](repeating: 1, count: 14) + [-1, -1])
  }

  @Test("a recipe is the same after a trip through JSON") func json() throws {
    var recipe = Recipe(architecture: "EfficientNetLTPAB0")
    recipe.optimizer = .sgd(momentum: 0.9, nesterov: true, decay: 1e-4)
    recipe.stages[0].rate = 0.1234567
    recipe.patience = 3
    #expect(try JSONDecoder().decode(Recipe.self, from: JSONEncoder().encode(recipe)) == recipe)
  }

  @Test("what a recipe does not name is as ever; augmentation can be a name; a wrong word is refused")
  func partial() throws {
    func read(_ text: String) throws -> Recipe {
      try JSONDecoder().decode(Recipe.self, from: Data(text.utf8))
    }
    var expected = Recipe()
    #expect(try read("{}") == expected)
    (expected.pairing, expected.augmentation) = (0.25, .light)
    #expect(try read(#"{"pairing": 0.25, "augmentation": "light"}"#) == expected)
    #expect(throws: DecodingError.self) { try read(#"{"pairings": 0.25}"#) }
    #expect(throws: DecodingError.self) { try read(#"{"augmentation": "heavy"}"#) }
  }

  @Test(
    "numbers that make no sense are refused",
    arguments: [
      { $0.stages = [] }, { $0.stages[0].size = 8 }, { $0.stages[0].epochs = 0 }, { $0.stages[0].rate = -1 },
      { $0.batch = 7 }, { $0.averaging = 1 }, { $0.momentum = 0 }, { $0.labelSmoothing = 0.5 },
      { $0.dropout = 1 },
      { $0.pairing = 1.5 }, { $0.clipNorm = 0 }, { $0.plateauFactor = 1 }, { $0.looksPerEpoch = 0 },
      { $0.optimizer = .sgd(momentum: 1, nesterov: false, decay: 0) }, { $0.attentionWeight = -1 },
    ] as [@Sendable (inout Recipe) -> Void]) func refused(_ spoil: @Sendable (inout Recipe) -> Void) throws
  {
    var recipe = Recipe()
    try recipe.validate()
    spoil(&recipe)
    #expect(throws: TrainingError.self) { try recipe.validate() }
  }
}
