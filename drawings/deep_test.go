package drawings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/figure"
)

// Tables of a deep network of three epochs, of which the last stands in two tables alone, as while
// a run goes on; dense_2 gets the error directly and has no angle.
var deepTables = map[string]string{
	"metrics":   "epoch,train_loss,train_accuracy,test_loss,test_accuracy,angle_deg,spiking_steps,spikes\n0,2,0.1,2.1,0.2,89,0,0\n1,1,0.5,1.1,0.4,80,0,0\n2,0.5,0.8,0.6,0.7,70,0,0\n",
	"alignment": "epoch,layer,angle_deg,norm_ratio,correlation,sign_agreement,variance\n0,1,89,1,0,0.5,1\n0,2,,,,,\n1,1,80,1,0,0.5,1\n1,2,,,,,\n2,1,70,1,0,0.5,1\n",
	"updates":   "epoch,weights,angle_deg\n0,conv_1,85\n0,dense_1,50\n1,conv_1,84\n1,dense_1,40\n2,conv_1,83\n2,dense_1,30\n",
}

func deepFolder(t *testing.T, changed map[string]string) *experiment.Folder {
	t.Helper()
	dir := t.TempDir()
	for name, text := range deepTables {
		if c, ok := changed[name]; ok {
			text = c
		}
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return &experiment.Folder{Dir: dir}
}

func TestDeepOf(t *testing.T) {
	pictures, err := deepOf(deepFolder(t, nil))
	if err != nil || len(pictures) != 1 || pictures[0].Name != "training" {
		t.Fatalf("%v, %v", pictures, err)
	}
	m := pictures[0].Input.(figure.Deep)
	if len(m.Epoch) != 2 || m.TestAccuracy[1] != 0.4 || len(m.Angles) != 2 || m.Angles[0][1] != 80 || len(m.Updates) != 2 || m.Updates[1].Name != "dense_1" || m.Updates[1].Values[1] != 40 {
		t.Errorf("%+v", m)
	}
	f, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	var heads []string
	for _, p := range f.Panels {
		heads = append(heads, p.Heading)
		if strings.Contains(p.Note, "not drawn") {
			t.Errorf("%s: %s, of a layer that has no angle", p.Heading, p.Note)
		}
	}
	if len(f.Panels) != 4 {
		t.Errorf("panels %q", heads)
	}
	// bp has no feedback of its own: no panel for its alignment
	pictures, err = deepOf(deepFolder(t, map[string]string{"alignment": "epoch,layer,angle_deg,norm_ratio,correlation,sign_agreement,variance\n"}))
	if err != nil || len(pictures) != 1 {
		t.Fatalf("%v, %v", pictures, err)
	}
	if f, err = pictures[0].Input.Figure(); err != nil || len(f.Panels) != 3 {
		t.Errorf("bp: %v", err)
	}
	for name, changed := range map[string]map[string]string{
		"is of layer":   {"alignment": "epoch,layer,angle_deg,norm_ratio,correlation,sign_agreement,variance\n0,3,89,1,0,0.5,1\n"},
		"lacks a colum": {"updates": "epoch,angle_deg\n0,85\n"},
		"metrics.csv":   {"metrics": "epoch,train_loss\n0,2\n1,1\n2,1\n"},
	} {
		if _, err := deepOf(deepFolder(t, changed)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	pictures, err = deepOf(deepFolder(t, map[string]string{"updates": "epoch,weights,angle_deg\n", "alignment": "epoch,layer,angle_deg\n", "metrics": "epoch,train_loss,train_accuracy,test_loss,test_accuracy\n"}))
	if err != nil || pictures != nil {
		t.Errorf("without epochs: %v, %v", pictures, err)
	}
}
