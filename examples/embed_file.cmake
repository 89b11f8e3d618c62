# Writes a file as an array: cmake -DIN=model.safetensors -DOUT=model.cpp -DNAME=model_safetensors -P embed_file.cmake
# (`xxd -i` does the same, but for the word extern, without which a const array is this file's own.)
file(READ "${IN}" _bytes HEX)
string(LENGTH "${_bytes}" _length)
math(EXPR _length "${_length} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" _bytes "${_bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," _bytes "${_bytes}")
file(WRITE "${OUT}" "extern const unsigned char ${NAME}[];\nextern const unsigned ${NAME}_len;\n"
    "const unsigned char ${NAME}[] = {\n${_bytes}};\nconst unsigned ${NAME}_len = ${_length};\n")
