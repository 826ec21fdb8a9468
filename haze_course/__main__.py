"""``python -m haze_course`` is ``haze-course``."""

from haze_course.cli.entry import main

if __name__ == "__main__":
    main(prog_name="haze-course")
