// A program that keeps tensors and settings in files.
#include <mgan/io/safetensors.hpp>
#include <mgan/settings/settings.hpp>

#include <cstdio>
#include <vector>

int main() {
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    mgan::TensorFile tensors;
    tensors.add("weight", {2, 3}, values);
    mgan::write_safetensors("consumer.safetensors", tensors);
    const bool same =
        mgan::read_safetensors("consumer.safetensors").get<float>("weight", {2, 3}) == values;
    std::remove("consumer.safetensors");
    std::printf("%s\n", same ? "the same" : "different");
    return same ? 0 : 1;
}
