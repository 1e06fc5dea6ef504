"""What a captured exchange costs, against nginx: `make bench`."""

from bench.run import main

if __name__ == "__main__":
    main()
