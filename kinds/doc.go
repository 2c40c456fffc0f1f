// Package kinds makes experiments of the models: one file a kind.
//
// A kind reads its model's description from the experiment file (package settings), builds the
// model, and says what of it goes into tables, arrays and spikes. What the settings mean and
// whether they go together is the model's own affair. Package catalog lists the kinds.
package kinds
