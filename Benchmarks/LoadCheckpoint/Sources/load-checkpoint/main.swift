// Loads the checkpoint that is its argument and prints the seconds that it took and how many tensors there are.
import Detector

let start = ContinuousClock.now
let weights = try Checkpoint.load(CommandLine.arguments[1])
print((ContinuousClock.now - start) / .seconds(1), weights.tensors.count + weights.ignored.count)
