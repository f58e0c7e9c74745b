// Loads the checkpoint that is its argument and prints the seconds that it took, how many tensors there are, and the
// most memory that this process had, in kilobytes.
import Detector
import Foundation

let start = ContinuousClock.now
let weights = try Checkpoint.load(CommandLine.arguments[1])
let seconds = (ContinuousClock.now - start) / .seconds(1)
let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
print(seconds, weights.tensors.count + weights.ignored.count, peak.filter(\.isNumber))
