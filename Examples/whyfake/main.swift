print("whyfake")
