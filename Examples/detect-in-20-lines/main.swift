// Says whether the faces in a video are fakes:  detect-in-20-lines VIDEO
import FaceCrop
import Foundation
import WhyFake

guard CommandLine.arguments.count == 2 else {
  FileHandle.standardError.write(Data("usage: detect-in-20-lines VIDEO\n".utf8))
  exit(64)
}
do {
  let analysis = try Analyzer().analyze(CommandLine.arguments[1])
  print("verdict:", analysis.verdict.rawValue)
  for track in analysis.tracks where track.judged {
    print(String(format: "face %d: probability of fake %.3f", track.number, track.opinion.probability))
    for (frame, logit) in zip(track.clip.frames, track.logits) {
      print(String(format: "  frame %5d  logit %+.2f", frame.index, logit))
    }
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
