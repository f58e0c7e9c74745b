import CWhyFakeTensor
import Foundation
import Testing

@testable import Tensor

@Suite("Kernels and threads")
struct KernelSetTests {
  @Test("the kernel set is the one that WHYFAKE_KERNELS names")
  func kernelSet() {
    let sets = ["avx512", "avx2", "neon", "portable"]
    #expect(sets.contains(ComputeRuntime.kernelSet))
    if let wish = ProcessInfo.processInfo.environment["WHYFAKE_KERNELS"] {
      #expect(ComputeRuntime.kernelSet == wish)
    }
  }

  @Test("work inside `alone` stays on its thread, and what comes after it does not have to")
  func alone() {
    let before = ComputeRuntime.threads
    defer { ComputeRuntime.threads = before }
    ComputeRuntime.threads = 3
    func threads() -> Set<UInt> {
      Set(ComputeRuntime.map(12) { _ in UInt(bitPattern: pthread_self().hashValue) })
    }
    let own = UInt(bitPattern: pthread_self().hashValue)
    #expect(ComputeRuntime.alone { threads() } == [own])
    #expect(
      ComputeRuntime.alone {
        ComputeRuntime.alone {}; return threads()
      } == [own])
    // Whether others help afterwards is the system's affair (they may be busy); that they may is not.
    #expect(ComputeRuntime.alone { wf_is_worker() } && !wf_is_worker())
  }

  @Test(
    "sigmoid and SiLU are good to eight units of the seventh digit, and saturate",
    arguments: [Tensor.Activation.sigmoid, .silu])
  func activations(activation: Tensor.Activation) {
    let inputs = (-30_000...30_000).map { Float($0) / 1000 } + [-200, -88, 88, 200, 1e30, -1e30]
    // A 1×1 convolution with weight 1: the activation as the engine's kernels have it.
    var graph = NetworkGraph()
    let x = graph.input(channels: 1, height: 1, width: inputs.count)
    let filter = PackedFilter(Tensor(shape: [1, 1], [1]), bias: nil, in: FilterMemory())
    let y = graph.convolved(x, with: filter, activation: activation)
    let plan = ExecutionPlan(graph, outputs: [y], images: 1, threads: 1)
    let values = plan.run(Tensor(shape: [1, 1, 1, inputs.count], inputs))[0].elements
    var largest = 0.0
    for (input, value) in zip(inputs, values) {
      let sigmoid = 1 / (1 + exp(-Double(input)))
      let exact = activation == .silu ? Double(input) * sigmoid : sigmoid
      if abs(input) <= 30 {
        largest = max(largest, abs(Double(value) - exact) / max(abs(exact), 1e-30))
      } else {
        #expect(abs(Double(value) - exact) <= 1e-6 * max(1, abs(exact)), "\(input)")
      }
    }
    print("\(activation): largest relative error \(largest)")
    #expect(largest < 1e-6)
  }

  @Test("work that is handed out inside of work, and from several threads at once, is done once and whole")
  func nested() async {
    await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<8 {
        group.addTask {
          ComputeRuntime.map(37) { i in ComputeRuntime.map(11) { i * 11 + $0 } }.flatMap { $0 }
        }
      }
      for await result in group { #expect(result == Array(0..<37 * 11)) }
    }
  }
}
