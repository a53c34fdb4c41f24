// A child process of a benchmark: started with arguments, read line by line, ended by its pid.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace syncline::bench {

class Child {
public:
    explicit Child(std::vector<std::string> arguments);
    ~Child();                          // SIGTERM, then waits
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    std::string read_line();           // of its standard output
    pid_t pid() const { return pid_; }
    double resident_mib() const;       // VmRSS now
    double cpu_seconds() const;        // user and system, so far

private:
    pid_t pid_ = -1;
    std::FILE* out_ = nullptr;
};

}  // namespace syncline::bench
