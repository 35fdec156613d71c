# Homebrew's description of the command line. `./eigenseg dist` fills version and checksum in, beside the archives.
class Eigenseg < Formula
  desc "Unsupervised semantic segmentation with neural eigenfunctions"
  homepage "https://eigenseg.dev"
  url "https://github.com/eigenseg/eigenseg/releases/download/v@VERSION@/eigenseg-@VERSION@.tar.gz"
  sha256 "@SHA256_TAR@"
  license "Apache-2.0"

  depends_on "openjdk@25"

  def install
    rm "bin/eigenseg.cmd"
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/eigenseg"
    fish_completion.install "share/fish/vendor_completions.d/eigenseg.fish"
    libexec.install Dir["*"]
    (bin/"eigenseg").write_env_script libexec/"bin/eigenseg", Language::Java.overridable_java_home_env("25")
  end

  test do
    assert_match "eigenseg #{version}", shell_output("#{bin}/eigenseg --version")
    assert_match "backbones", shell_output("#{bin}/eigenseg info")
  end
end
