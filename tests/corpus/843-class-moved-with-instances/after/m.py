from other import Room
