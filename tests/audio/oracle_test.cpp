// Sound and spectrum are those of numpy and PyTorch, and so are the gradients.

#include <audio/audio_subjects.hpp>
#include <support/oracle_file.hpp>

using namespace mgan_test;

TEST_CASE("Synthesiser agrees with PyTorch") {
    const OracleFile oracle("audio_synthesiser");
    prove_by_oracle(SynthesiserSubject<double>({oracle.size("notes"), true}), oracle);
}

TEST_CASE("Frequency converter agrees with PyTorch: fft, fftshift, the central bins, abs") {
    const OracleFile low_pass("audio_low_pass"), windows("audio_windows");
    prove_by_oracle(ConverterSubject<double>({mgan::FrequencyBand::low_pass, false, 0,
                                              low_pass.size("samples"), low_pass.size("batch")}),
                    low_pass);
    prove_by_oracle(
        ConverterSubject<double>({mgan::FrequencyBand::windows, true, windows.size("values"),
                                  windows.size("samples"), windows.size("batch")}),
        windows);
}

TEST_CASE("RealFft agrees with numpy.fft.rfft") {
    const OracleFile oracle("audio_spectrum");
    for (const std::string name : {"even", "odd"}) {
        const Matrix<double>& wave = oracle[name];
        const Matrix<double>& expected = oracle[name + "_spectrum"];
        const mgan::RealFft<double> fft(wave.size());
        REQUIRE(expected.cols() == fft.bins());
        Matrix<double> spectrum(2, fft.bins());
        fft.forward(wave.data(), spectrum.data());
        CHECK((spectrum - expected).cwiseAbs().maxCoeff() <=
              1e-14 * expected.cwiseAbs().maxCoeff());
    }
}
